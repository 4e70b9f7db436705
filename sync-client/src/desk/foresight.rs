//! What the server would probably answer, asked before a person saves. It blocks nothing: his rights may have
//! changed since this phone was last in touch, and what he did must not be lost over a guess.

use serde::Serialize;
use zhibu_domain::access::{Author, Scene, may_do};
use zhibu_domain::command::Command;
use zhibu_domain::event::Status;
use zhibu_domain::org::OrgTree;
use zhibu_domain::record::{RecordKind, RecordRef};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::view::{ActivityView, RosterView};

use super::DeskError;
use crate::client::{Client, Saved};
use crate::error::SyncError;
use crate::keys::DeviceKey;
use crate::store::LocalStore;
use crate::transport::Transport;

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// Why the server would refuse this command, going by the posts, orgs, roster and record that this phone
    /// holds; `None` if it would not. Ask before the command is executed: it may itself change the status.
    pub async fn foresee(
        &self,
        reference: &RecordRef,
        command: &Command,
    ) -> Result<Option<RefusalCode>, DeskError> {
        let profile = self.profile().await?;
        let device = self.store().state().await?.ok_or(SyncError::NotEnrolled)?.device;
        let (account, member, posts) = (profile.account, profile.member, profile.posts);
        let author = Author { account, device, member, posts };
        let roster = RosterView::of(&*self.open(&RecordRef::roster(reference.org)).await?);
        let orgs = OrgTree::new(profile.orgs);
        let status = match reference.kind {
            RecordKind::Activity => ActivityView::of(&*self.open(reference).await?).status(),
            _ => Status::Draft,
        };
        let scene = Scene { record: reference, status, orgs: &orgs, roster: Some(&roster) };
        Ok(may_do(&author, command, &scene).err())
    }

    /// Does what a person did, and says what the server will probably think of it.
    pub async fn execute_foreseen(
        &self,
        reference: &RecordRef,
        command: Command,
    ) -> Result<Executed, DeskError> {
        let foreseen = self.foresee(reference, &command).await?;
        let saved = self.execute(reference, command).await?;
        let foreseen = foreseen.filter(|_| saved.is_some());
        Ok(Executed { saved, foreseen, hint: foreseen.map(hint) })
    }
}

/// What became of a command on this phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Executed {
    /// The change, durable on this phone; none when nothing would change.
    pub saved: Option<Saved>,
    /// Why the server would refuse it, as far as this phone knows.
    pub foreseen: Option<RefusalCode>,
    /// The same for people.
    pub hint: Option<&'static str>,
}

/// What the person is told beside "saved": one line, and no alarm.
pub const fn hint(foreseen: RefusalCode) -> &'static str {
    match foreseen {
        RefusalCode::RecordFiled => {
            "以本机所知，这条记录已经备案，不能直接修改（可以改为提交更正说明）；已保存，等服务器答复。"
        }
        RefusalCode::RecordVoid => "以本机所知，这条记录已经作废，不能再修改；已保存，等服务器答复。",
        RefusalCode::WrongStep => "以本机所知，记录现在的状态不能做这一步；已保存，等服务器答复。",
        RefusalCode::OwnEntry => "以本机所知，这是您自己的申报，要由别人核实；已保存，等服务器答复。",
        _ => "以本机所知，您可能没有权限做这一步；已保存，等服务器答复。",
    }
}
