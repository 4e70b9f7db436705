//! What went wrong, said to the person.
#![expect(clippy::print_stdout, reason = "this is the command line")]

use zhibu_sync_client::desk::DeskError;
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::keys::KeyError;
use zhibu_sync_client::store::StoreError;
use zhibu_sync_client::transport::TransportError;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// From the client.
    Desk(DeskError),
    /// What was typed does not fit; the sentence says what to type.
    Typed(String),
    /// From the file system.
    File(std::io::Error),
}

impl Fault {
    /// The sentence for the person, with what to do.
    fn plain(&self) -> String {
        match self {
            Fault::Desk(error) => error.plain(),
            Fault::Typed(sentence) => sentence.clone(),
            Fault::File(error) => format!("文件读写失败：{error}。请检查路径和空间。"),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Fault::Desk(error) => error.name(),
            Fault::Typed(_) => "usage",
            Fault::File(_) => "file",
        }
    }

    /// Prints it: as JSON on standard output, for programs; else in Chinese on standard error.
    pub(crate) fn report(&self, json: bool) {
        let sentence = self.plain();
        if json {
            let retryable = matches!(self, Fault::Desk(error) if error.is_retryable());
            let detail = match self {
                Fault::Desk(error) => error.to_string(),
                Fault::Typed(sentence) => sentence.clone(),
                Fault::File(error) => error.to_string(),
            };
            let name = self.name();
            println!(
                "{}",
                serde_json::json!({ "error": { "name": name, "message": sentence, "detail": detail, "retryable": retryable } })
            );
        } else {
            eprintln!("{sentence}");
        }
    }
}

impl From<DeskError> for Fault {
    fn from(error: DeskError) -> Self {
        Fault::Desk(error)
    }
}

impl From<SyncError> for Fault {
    fn from(error: SyncError) -> Self {
        Fault::Desk(DeskError::Sync(error))
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        SyncError::from(error).into()
    }
}

impl From<KeyError> for Fault {
    fn from(error: KeyError) -> Self {
        SyncError::from(error).into()
    }
}

impl From<TransportError> for Fault {
    fn from(error: TransportError) -> Self {
        SyncError::from(error).into()
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Fault::File(error)
    }
}
