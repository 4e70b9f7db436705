//! What can go wrong on the phone, grouped by what the person must do.

use zhibu_domain::attachment::PictureFault;
use zhibu_domain::ids::{DistrictId, RecordId};
use zhibu_domain::record::{CommandFault, RecordFault};
use zhibu_domain::wire::{ErrorBody, ErrorCode};

use crate::keys::KeyError;
use crate::store::StoreError;
use crate::transport::TransportError;

/// When to ask a busy server again that does not say when, in seconds.
const COME_AGAIN_S: u32 = 2;

/// Why a step of the client did not succeed. Work that was saved on the phone stays saved in every case.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Wait for a connection; nothing else to do.
    #[error("offline: {0}")]
    Offline(String),
    /// The server is busy; the next try may succeed.
    #[error("the server is busy: {}", .body.message)]
    Busy {
        /// When to come again at the earliest, in seconds, if the server said so.
        retry_after_s: Option<u32>,
        /// When to try again, in milliseconds.
        wait_ms: u64,
        /// What the server said.
        body: ErrorBody,
    },
    /// Open an invite link first.
    #[error("this device is not enrolled")]
    NotEnrolled,
    /// Another invite needs another phone, or another data folder.
    #[error("this device is enrolled already")]
    AlreadyEnrolled,
    /// Ask for a new invite.
    #[error("the invite was used or is over")]
    InviteSpent,
    /// Ask the township: this device may not speak any more.
    #[error("this device was revoked")]
    DeviceRevoked,
    /// Set the phone's clock.
    #[error("this device's clock is wrong")]
    WrongClock,
    /// Update the client.
    #[error("this client is too old for the server")]
    TooOld,
    /// Correct what was entered.
    #[error("{0}")]
    Command(CommandFault),
    /// Take another picture, or a smaller one.
    #[error("{0}")]
    Picture(#[from] PictureFault),
    /// It was removed, perhaps by another phone.
    #[error("there is no such photo")]
    NoSuchPhoto,
    /// The phone that took it has not uploaded it yet.
    #[error("the server does not hold this picture yet")]
    PhotoNotThere,
    /// There is no such refused change any more.
    #[error("there is no refused change number {0}")]
    NoSuchRefused(u64),
    /// The envelope to be carried is for another district.
    #[error("the envelope belongs to district {0}")]
    OtherDistrict(DistrictId),
    /// The bytes to be carried are not an envelope.
    #[error("these bytes are not an envelope: {0}")]
    NotAnEnvelope(String),
    /// Show the message to whoever looks after the server.
    #[error("the server refused ({}): {} [{}]", .0.code, .0.message, .0.request_id)]
    Refused(ErrorBody),
    /// The server, or something between, answered in a way that cannot be.
    #[error("the answer does not fit the protocol: {0}")]
    BrokenAnswer(String),
    /// Free some space, or repair the phone's storage.
    #[error("storage: {0}")]
    Store(#[from] StoreError),
    /// The device key is lost or damaged: enrol again.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A record on the phone cannot be read: keep the phone, and ask for help.
    #[error("record {record} cannot be read: {fault}")]
    DamagedRecord {
        /// The record.
        record: RecordId,
        /// What Automerge said.
        fault: RecordFault,
    },
    /// The system has no randomness to give.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

impl SyncError {
    /// Whether trying again later, without anybody doing anything, may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, SyncError::Offline(_) | SyncError::Busy { .. })
            || matches!(self, SyncError::Store(StoreError::Raced | StoreError::Busy))
    }

    /// When to try again, in milliseconds, if the server asked to wait.
    pub fn wait_ms(&self) -> Option<u64> {
        match self {
            SyncError::Busy { wait_ms, .. } => Some(*wait_ms),
            _ => None,
        }
    }

    /// One word for programs: the command line's JSON and the screens.
    pub fn name(&self) -> &'static str {
        match self {
            SyncError::Offline(_) => "offline",
            SyncError::Busy { .. } => "busy",
            SyncError::NotEnrolled => "not_enrolled",
            SyncError::AlreadyEnrolled => "already_enrolled",
            SyncError::InviteSpent => "invite_spent",
            SyncError::DeviceRevoked => "device_revoked",
            SyncError::WrongClock => "wrong_clock",
            SyncError::TooOld => "too_old",
            SyncError::Command(CommandFault::AlreadyWritten { .. }) => "already_written",
            SyncError::Command(_) => "command",
            SyncError::Picture(_) => "picture",
            SyncError::NoSuchRefused(_) | SyncError::NoSuchPhoto => "not_found",
            SyncError::PhotoNotThere => "photo_not_there",
            SyncError::OtherDistrict(_) => "other_district",
            SyncError::NotAnEnvelope(_) => "not_an_envelope",
            SyncError::Refused(body) => body.code.as_str(),
            SyncError::BrokenAnswer(_) => "broken_answer",
            SyncError::Store(StoreError::Full) => "storage_full",
            SyncError::Store(StoreError::Fenced) => "elsewhere",
            SyncError::Store(_) => "store",
            SyncError::Key(_) => "key",
            SyncError::DamagedRecord { .. } => "damaged_record",
            SyncError::NoRandomness => "no_randomness",
        }
    }

    /// What happened and what to do, for the person who holds the phone.
    pub fn plain(&self) -> String {
        use SyncError::*;
        match self {
            Offline(_) => "现在连不上服务器。内容都在本机，有信号时再同步即可。".to_owned(),
            Busy { .. } => "服务器正忙，稍后自动再试。内容都在本机。".to_owned(),
            NotEnrolled => "这台设备还没有登记。请打开乡镇党建办给的邀请链接登记。".to_owned(),
            AlreadyEnrolled => "这台设备已经登记过。换人使用请另用一台设备。".to_owned(),
            InviteSpent => "邀请链接已用过或已过期，请向乡镇党建办要一个新的。".to_owned(),
            DeviceRevoked => "这台设备已被停用。内容还在本机，请联系乡镇党建办。".to_owned(),
            WrongClock => "本机时间差得太多，请校准手机时间后再同步。".to_owned(),
            TooOld => "本机软件太旧，服务器不再支持，请更新软件。内容都在本机。".to_owned(),
            Command(CommandFault::TooMany { most, .. }) => {
                format!("没有保存：一次活动最多{most}张照片。请先删去一张再加。")
            }
            Command(fault) => format!("没有保存：{fault}。请修改后再试。"),
            Picture(PictureFault::TooLarge { .. }) => "没有保存：照片太大，请缩小后再试。".to_owned(),
            Picture(PictureFault::MoreThanAPicture) => {
                "没有保存：照片里带有拍摄地点等信息，请去掉后再试。".to_owned()
            }
            Picture(_) => "没有保存：这个文件不是能用的照片，请换一张（JPEG 或 WebP）。".to_owned(),
            NoSuchPhoto => "这张照片已被删去。".to_owned(),
            PhotoNotThere => "这张照片还没有传到服务器，请等拍照的手机上传。".to_owned(),
            NoSuchRefused(number) => format!("没有第 {number} 条未被接受的内容，可能已经处理过了。"),
            OtherDistrict(_) => "这份内容属于别的旗县，不能由本机代交。".to_owned(),
            NotAnEnvelope(_) => "这不是可以代交的内容，文件可能已损坏。".to_owned(),
            Refused(body) => {
                format!(
                    "服务器没有接受：{}（{}，编号 {}）。请联系乡镇党建办。",
                    body.message, body.code, body.request_id
                )
            }
            BrokenAnswer(why) => format!("收到的回答不对（{why}）。如在公共网络，请先登录网络再试。"),
            Store(StoreError::Raced | StoreError::Busy) => "另一个窗口正在写入，请稍后再试。".to_owned(),
            Store(StoreError::Full) => "本机空间不够，没有保存。请清理手机空间后再试一次。".to_owned(),
            Store(StoreError::Fenced) => "已在另一个窗口打开，请到那个窗口填写，或在这里继续。".to_owned(),
            Store(error) => format!("本机存储出错：{error}。请不要清除本软件的数据，重新打开再试。"),
            Key(error) => format!("本机密钥不能使用：{error}。请联系乡镇党建办重新登记。"),
            DamagedRecord { record, .. } => format!("记录 {record} 打不开。请不要删除数据，联系乡镇党建办。"),
            NoRandomness => "系统没有提供随机数，请重启设备后再试。".to_owned(),
        }
    }
}

impl From<TransportError> for SyncError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Offline(why) => SyncError::Offline(why),
            TransportError::TooOld => SyncError::TooOld,
            TransportError::Unreadable { reason, .. } => SyncError::BrokenAnswer(reason),
            TransportError::Busy { retry_after_s, body } => {
                let wait_ms = u64::from(retry_after_s.unwrap_or(COME_AGAIN_S)) * 1000;
                SyncError::Busy { retry_after_s, wait_ms, body }
            }
            TransportError::Refused(body) => match body.code {
                ErrorCode::InviteSpent => SyncError::InviteSpent,
                ErrorCode::DeviceRevoked => SyncError::DeviceRevoked,
                ErrorCode::ClockSkew => SyncError::WrongClock,
                ErrorCode::ClientTooOld => SyncError::TooOld,
                _ => SyncError::Refused(body),
            },
        }
    }
}

impl From<CommandFault> for SyncError {
    fn from(fault: CommandFault) -> Self {
        SyncError::Command(fault)
    }
}

#[cfg(test)]
mod tests {
    use zhibu_domain::time::Millis;

    use super::*;

    fn refused(code: ErrorCode) -> SyncError {
        let body =
            ErrorBody { code, message: String::new(), request_id: String::new(), server_time: Millis(0) };
        let bytes = minicbor::to_vec(&body).unwrap();
        TransportError::refusal(400, None, &bytes).into()
    }

    #[test]
    fn only_the_network_and_a_busy_server_are_retryable() {
        let retryable: Vec<_> =
            ErrorCode::ALL.iter().copied().filter(|code| refused(*code).is_retryable()).collect();
        assert_eq!(retryable, [ErrorCode::TooMany, ErrorCode::Unavailable]);
        assert!(SyncError::from(TransportError::Offline(String::new())).is_retryable());
        assert!(!SyncError::NotEnrolled.is_retryable());
    }
}
