//! Why something was not accepted: codes for programs, plain words for people.

use crate::words;

words! {
    /// The code of a refusal. The list is append-only: phones in the field know these words.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    RefusalCode {
        // The request or the envelope as a whole.
        /// The bytes are not the CBOR that the protocol describes.
        Malformed = "malformed",
        /// A body, envelope or change beyond its size limit.
        TooLarge = "too_large",
        /// The signature does not fit the envelope and the device's key.
        WrongSignature = "wrong_signature",
        /// No such device in this district.
        UnknownDevice = "unknown_device",
        /// The device was revoked.
        DeviceRevoked = "device_revoked",
        /// The envelope names another district.
        WrongDistrict = "wrong_district",
        /// The device's counter was already used for other bytes.
        CounterReused = "counter_reused",
        // The change as bytes.
        /// Not one plain change chunk: a document, a bundle or a compressed chunk.
        NotAChange = "not_a_change",
        /// The checksum does not fit the content.
        BadChecksum = "bad_checksum",
        /// More operations, predecessors or actors than a record may hold, or a column that contradicts itself.
        MalformedChange = "malformed_change",
        /// Automerge could not decode it, or it is not in canonical form.
        NotCanonical = "not_canonical",
        // The change in its record.
        /// The record's reference contradicts itself or the stored one.
        WrongRecord = "wrong_record",
        /// The org does not exist in this district.
        UnknownOrg = "unknown_org",
        /// The change's actor is not the author's device.
        WrongActor = "wrong_actor",
        /// The sequence number does not follow the actor's last.
        SequenceConflict = "sequence_conflict",
        /// It depends on a change that the server has never seen.
        MissingDependency = "missing_dependency",
        /// It depends on a change that was refused.
        DependsOnRefused = "depends_on_refused",
        /// The first operation number is not one past its dependencies' largest.
        WrongStart = "wrong_start",
        /// An operation on an object that does not exist in this kind of record.
        UnknownObject = "unknown_object",
        /// A key that this kind of record does not have.
        UnknownField = "unknown_field",
        /// An action that records do not use.
        ForbiddenAction = "forbidden_action",
        /// A value of the wrong type, out of range or too long.
        WrongValue = "wrong_value",
        /// Its predecessors are not exactly what its author could see there.
        WrongPredecessor = "wrong_predecessor",
        /// An append-only entry that exists already.
        AlreadyWritten = "already_written",
        /// The activity has as many photos as it may have.
        TooManyPhotos = "too_many_photos",
        /// The record would outgrow its hard size limit.
        RecordFull = "record_full",
        // The author's right.
        /// The author has no post that may write here.
        NoRight = "no_right",
        /// The record is filed.
        RecordFiled = "record_filed",
        /// The record is void.
        RecordVoid = "record_void",
        /// This step does not follow from the record's present status.
        WrongStep = "wrong_step",
        /// Nobody verifies his own claim.
        OwnEntry = "own_entry",
    } else {
        /// A word of a newer server. Only read, never sent.
        Unknown = "unknown",
    }
}

impl RefusalCode {
    /// What a villager reads: what happened, and what to do.
    pub const fn plain(self) -> &'static str {
        use RefusalCode::*;
        match self {
            Malformed | NotAChange | BadChecksum | MalformedChange | NotCanonical | WrongStart
            | UnknownObject | WrongPredecessor | ForbiddenAction => {
                "这条内容的格式不对，服务器没有收。内容还在本机，请更新软件后重新提交。"
            }
            TooLarge => "这条内容太大，服务器没有收。请分成几条，或者删短后重新提交。",
            WrongSignature => "这条内容的签名不对，服务器没有收。请在本机重新提交。",
            UnknownDevice => "服务器不认识这台手机。请向乡镇要一个新的邀请码，重新登记。",
            DeviceRevoked => "这台手机已被停用。内容还在本机，请联系乡镇党建办。",
            WrongDistrict => "这条内容属于别的旗县，不能交到这里。",
            CounterReused | SequenceConflict => "这台手机的数据恢复过旧备份，系统会自动重新提交。",
            WrongRecord | UnknownOrg => "找不到这条内容所属的支部或记录，请联系乡镇党建办。",
            WrongActor => "这条内容不是由登记的这台手机写的，服务器没有收。",
            MissingDependency => "前面还有内容没有交上来，请点“立即上传”再试一次。",
            DependsOnRefused => "前面有一条内容没有被接受，这条会自动重新提交。",
            UnknownField => "服务器还不认识这个栏目，请稍后再试或联系乡镇党建办。",
            WrongValue => "填写的内容不符合要求（可能太长，或者不在可选范围内），请修改后重新提交。",
            AlreadyWritten => "这一条已经写过，不能改写。如需更正，请另加一条更正。",
            RecordFull => "这条记录已经太大，不能再加内容。请另建一条记录。",
            TooManyPhotos => "这次活动已有三张照片，不能再加。请先删去一张，再重新提交。",
            NoRight => "您现在没有权限修改这一项。内容已保留，可请支部书记或乡镇党建办处理。",
            RecordFiled => "这条记录已经备案，不能直接修改。请改为提交“更正说明”。",
            RecordVoid => "这条记录已经作废，不能再修改。",
            WrongStep => "记录现在的状态不能做这一步，请先同步，看看最新情况。",
            OwnEntry => "自己的申报要由别人核实，请联系党小组组长或支部书记。",
            Unknown => "服务器没有接受这条内容，请更新软件后再看原因。",
        }
    }

    /// Whether the phone should silently write the change anew instead of showing a refusal: the fault lies in
    /// the delivery, not in what the person did.
    pub const fn calls_for_rewrite(self) -> bool {
        matches!(
            self,
            RefusalCode::DependsOnRefused | RefusalCode::SequenceConflict | RefusalCode::CounterReused
        )
    }
}
