//! What is said when a data folder is finished. Chinese first, short, and every line can be typed as it stands.

use std::fmt::Write as _;
use std::path::Path;

use zhibu_domain::time::Millis;

use super::invite::{self, Invitation};
use crate::clock::Entropy;
use crate::demo::cast::Cast;
use crate::demo::history::{DEMO_PASSWORD, Written};
use crate::store::{Store, StoreError};

/// The accounts whose phones the story is about, and what their phones are called.
const PHONES: [(&str, &str); 6] = [
    ("secretary", "书记的手机"),
    ("recorder", "记录人的手机"),
    ("leader1", "第一党小组组长的手机"),
    ("leader2", "第二党小组组长的手机"),
    ("member", "党员的手机"),
    ("officer", "乡镇党建办的电脑"),
];

/// An invite link of the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryLink {
    /// The account's short name; the phone's folder is `phone-NAME`.
    pub account: &'static str,
    /// What the phone is called.
    pub purpose: &'static str,
    /// Whose it is.
    pub person: String,
    /// `URL/enrol#SECRET`.
    pub link: String,
}

/// Invites the phones of the story, by the real clock: the links must work now, whenever the story plays.
pub(super) async fn invite_story(
    store: &dyn Store,
    entropy: &dyn Entropy,
    cast: &Cast,
    now: Millis,
    public_url: &str,
) -> Result<Vec<StoryLink>, StoreError> {
    let mut links = Vec::new();
    for (login, purpose) in PHONES {
        let Some(account) = cast.accounts.iter().find(|account| account.login == login) else { continue };
        let invitation = Invitation { district: cast.district.id, account: account.id, purpose };
        let link = invite::issue(store, entropy, &invitation, now, public_url).await?;
        links.push(StoryLink { account: login, purpose, person: account.name.clone(), link });
    }
    Ok(links)
}

/// About the demo district.
pub(super) fn of_demo(
    data: &Path,
    public_url: &str,
    cast: &Cast,
    written: &Written,
    links: &[StoryLink],
) -> String {
    let mut text = format!(
        "支部簿 · {}（虚构，全部人员和记录均为合成）\n\
         {} 个支部，{} 名党员，{} 条变更\n\n\
         启动  zhibu-server serve --data {}\n\
         网址  {public_url}\n\n\
         工作人员登录（示例口令都是 {DEMO_PASSWORD}，只用于演示）\n\
         \x20 admin     旗管理员\n\
         \x20 reviewer  组织部审阅人\n\
         \x20 officer   柳河苏木党建办\n\n\
         手机邀请链接（每条用一次，72 小时内有效）\n",
        cast.district.name,
        written.branches,
        written.members,
        written.changes,
        data.display(),
    );
    for StoryLink { account, purpose, person, link } in links {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {account:<9} {purpose}（{person}）\n            {link}");
    }
    text.push_str(&story(links));
    text
}

/// The story of two phones, to be typed by hand.
fn story(links: &[StoryLink]) -> String {
    let enrol = |account: &str| {
        let link = links.iter().find(|link| link.account == account);
        link.map_or(String::new(), |link| {
            let StoryLink { purpose, link, .. } = link;
            format!("zhibu --data phone-{account} enrol '{link}' --name {purpose}\n")
        })
    };
    format!(
        "\n{STORY_BEGINS}{}{}{STORY_OFFLINE}{}{STORY_REVIEW}{}{}{STORY_POINTS}",
        enrol("secretary"),
        enrol("recorder"),
        enrol("officer"),
        enrol("member"),
        enrol("leader1"),
    )
}

const STORY_BEGINS: &str = "\
试一试（每个 --data 文件夹就是一部手机；R 换成 list 里 11 月那次活动的编号末几位）

一、两部手机登记，各同步一次
";

const STORY_OFFLINE: &str = "\
zhibu --data phone-secretary sync
zhibu --data phone-recorder sync
zhibu --data phone-secretary list

二、断网（停掉服务器），各记各的
zhibu --data phone-secretary roll R --mark 1=present,2=present,4=present,5=present
zhibu --data phone-secretary minutes R --text '学习党章。讨论修路。'
zhibu --data phone-secretary set R place 村部会议室
zhibu --data phone-secretary resolution R --text '同意修路。' --decision general_vote --yes 13
zhibu --data phone-secretary follow-up R --text '备好砂石。' --owner 5 --due 2026-12-10
zhibu --data phone-secretary quorum R
zhibu --data phone-recorder roll R --mark 6=present,7=present,8=leave_work
zhibu --data phone-recorder minutes R --text '会前清点人数。'
zhibu --data phone-recorder set R place 文化广场

三、恢复网络，都同步；地点不一致，选一个，再提交
zhibu --data phone-secretary sync
zhibu --data phone-recorder sync
zhibu --data phone-secretary sync
zhibu --data phone-secretary show R
zhibu --data phone-secretary resolve R about.place 1
zhibu --data phone-secretary submit R
zhibu --data phone-secretary sync

四、乡镇退回或备案
";

const STORY_REVIEW: &str = "\
zhibu --data phone-officer sync
zhibu --data phone-officer return R --slot about.paper_ref --comment '请补记录本页码。'
zhibu --data phone-officer sync
zhibu --data phone-secretary sync
zhibu --data phone-secretary set R paper_ref 第36页
zhibu --data phone-secretary submit R
zhibu --data phone-secretary sync
zhibu --data phone-officer sync
zhibu --data phone-officer file R
zhibu --data phone-officer sync

五、党员申报积分，组长核实，支部审定（E 换成 points 里的申报编号末几位）
";

const STORY_POINTS: &str = "\
zhibu --data phone-member sync
zhibu --data phone-member claim --rule C01 --date 2026-11-14 --units 2 --matter '清扫文化广场'
zhibu --data phone-member sync
zhibu --data phone-leader1 sync
zhibu --data phone-leader1 points --member 6
zhibu --data phone-leader1 verify E
zhibu --data phone-leader1 sync
zhibu --data phone-secretary sync
zhibu --data phone-secretary approve E
zhibu --data phone-secretary sync
zhibu --data phone-member sync
zhibu --data phone-member points --member 6
";

/// About an empty district.
pub(super) fn of_own(data: &Path, public_url: &str, name: &str, login: &str, password: &str) -> String {
    format!(
        "支部簿 · {name}\n\n\
         启动  zhibu-server serve --data {}\n\
         网址  {public_url}\n\n\
         管理员登录  {login}\n\
         口令        {password}\n\n\
         请马上登录并记好口令：它不再显示第二次，服务器也只存它的散列。\n",
        data.display(),
    )
}
