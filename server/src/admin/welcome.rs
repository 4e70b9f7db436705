//! What is said when a data folder is finished. Chinese first, short, and every line can be typed as it stands.

use std::fmt::Write as _;

use zhibu_domain::time::Millis;

use super::init::Site;
use super::invite::{self, Invitation};
use crate::clock::Entropy;
use crate::demo::cast::Cast;
use crate::demo::history::{DEMO_PASSWORD, Written};
use crate::store::{Database, Store, StoreError};

mod story;

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
pub(super) struct StoryLink {
    /// The account's short name; the phone's folder is `phone-NAME`.
    pub(super) account: &'static str,
    /// What the phone is called.
    pub(super) purpose: &'static str,
    /// Whose it is.
    pub(super) person: String,
    /// `URL/enrol#SECRET`.
    pub(super) link: String,
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
pub(super) fn of_demo(site: &Site<'_>, cast: &Cast, written: &Written, links: &[StoryLink]) -> String {
    let mut text = format!(
        "支部簿 · {}（虚构，全部人员和记录均为合成）\n\
         {} 个支部，{} 名党员，{} 条变更\n\n\
         {}\n\
         工作人员登录（示例口令都是 {DEMO_PASSWORD}，只用于演示）\n\
         \x20 admin     旗管理员\n\
         \x20 reviewer  组织部审阅人\n\
         \x20 officer   柳河苏木党建办\n\n\
         手机邀请链接（每条用一次，72 小时内有效）\n",
        cast.district.name,
        written.branches,
        written.members,
        written.changes,
        start(site),
    );
    for StoryLink { account, purpose, person, link } in links {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {account:<9} {purpose}（{person}）\n            {link}");
    }
    text.push_str(&story::text(cast, written.planned, links));
    text
}

/// How the server is started and where it then is.
fn start(site: &Site<'_>) -> String {
    let path = site.programs.map(|folder| format!("命令  export PATH=\"{}:$PATH\"\n", folder.display()));
    let (path, data) = (path.unwrap_or_default(), site.data.display());
    let url = site.public_url;
    let database = match site.database {
        Database::Sqlite(_) => "",
        // Not the address itself: it has a password in it.
        Database::Postgres { .. } => " --database-url \"$ZHIBU_DATABASE_URL\"",
    };
    format!("{path}启动  zhibu-server serve --data {data}{database}\n手机  {url}/\n审阅台  {url}/console/\n")
}

/// About an empty district.
pub(super) fn of_own(site: &Site<'_>, name: &str, login: &str, password: &str) -> String {
    format!(
        "支部簿 · {name}\n\n{}\n\
         管理员登录  {login}\n\
         口令        {password}\n\n\
         请马上登录并记好口令：它不再显示第二次，服务器也只存它的散列。\n",
        start(site),
    )
}
