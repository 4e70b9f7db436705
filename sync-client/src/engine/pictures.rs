//! What is to be done with each picture that this phone holds: it follows from what the records and the waiting work
//! say of it now, and from nothing that was noted before.

use zhibu_domain::attachment::{Attachment, BlobHash, PhotoSize};
use zhibu_domain::command::Command;
use zhibu_domain::record::RecordRef;
use zhibu_domain::view::ActivityView;

use crate::store::{KeptBlob, PendingChange, RefusedChange};

/// How long an uploaded photo stays on the phone: it can be read from the server again. Its thumbnail stays.
const KEEP_PHOTO_MS: i64 = 30 * 24 * 3_600_000;

/// What is to be done with a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The server may have it now: the photo that names it counts.
    Send,
    /// It stays: the change that names it waits or was refused, its record is out of sight, or it is uploaded.
    Keep,
    /// Nothing names it any more.
    Drop,
}

/// What a picture's record says, as far as this phone knows.
pub struct Told<'a> {
    /// The record as accepted; none if nothing of it is held.
    pub accepted: Option<&'a ActivityView>,
    /// The record with what waits.
    pub present: &'a ActivityView,
    /// All that waits.
    pub pending: &'a [PendingChange],
    /// All that was refused.
    pub refused: &'a [RefusedChange],
    /// This device's clock.
    pub now_ms: i64,
}

/// What is to be done with this picture.
pub fn fate_of(blob: &KeptBlob, told: &Told<'_>) -> Fate {
    let in_view = |view: &ActivityView| view.attachments.values().any(|photo| names(photo, blob.hash));
    let counts = told.accepted.is_some_and(in_view);
    let old = told.now_ms - blob.kept_at.0 > KEEP_PHOTO_MS;
    if is_refused(blob, told.refused) {
        // Asked first: it may be sent again from here, also where another photo names the same picture.
        return if counts && !blob.is_uploaded { Fate::Send } else { Fate::Keep };
    }
    match (in_view(told.present), blob.is_uploaded) {
        (true, true) if blob.size == PhotoSize::Full && old => Fate::Drop,
        (true, true) => Fate::Keep,
        (true, false) if counts => Fate::Send,
        (true, false) => Fate::Keep,
        // A removal that waits may still be refused.
        (false, _) if counts => Fate::Keep,
        (false, _) if is_attached(blob, told.pending) => Fate::Keep,
        (false, false) if told.accepted.is_none() => Fate::Keep,
        (false, _) => Fate::Drop,
    }
}

/// Whether a refused change, listed to the person, is all that asks for this picture.
pub fn is_refused(blob: &KeptBlob, refused: &[RefusedChange]) -> bool {
    refused.iter().any(|change| attaches(&change.record, &change.command, blob))
}

fn is_attached(blob: &KeptBlob, pending: &[PendingChange]) -> bool {
    pending.iter().any(|change| attaches(&change.record, &change.command, blob))
}

fn attaches(record: &RecordRef, command: &Command, blob: &KeptBlob) -> bool {
    matches!(command, Command::AttachPhoto { photo, .. } if *record == blob.record && names(photo, blob.hash))
}

fn names(photo: &Attachment, hash: BlobHash) -> bool {
    photo.size_of(hash).is_some()
}

#[cfg(test)]
mod tests {
    use zhibu_domain::attachment::PhotoFormat;
    use zhibu_domain::ids::{EntryId, OrgId, RecordId};
    use zhibu_domain::record::ChangeHash;
    use zhibu_domain::refusal::RefusalCode;
    use zhibu_domain::time::Millis;
    use zhibu_domain::wire::Refusal;

    use super::*;

    fn blob(is_uploaded: bool, size: PhotoSize) -> KeptBlob {
        let hash = photo().blob(size).0;
        let record = RecordRef::activity(OrgId::from_bytes([1; 16]), 2026, RecordId::from_bytes([2; 16]));
        let (mime, kept_at) = (PhotoFormat::Webp, Millis(0));
        KeptBlob { record, hash, size, mime, size_bytes: 9, kept_at, acknowledged: 0, is_uploaded }
    }

    fn photo() -> Attachment {
        let (photo, thumb) = (BlobHash([1; 32]), BlobHash([2; 32]));
        Attachment { photo, size_bytes: 9, thumb, thumb_bytes: 9, mime: PhotoFormat::Webp }
    }

    fn view(named: bool) -> ActivityView {
        let photos = named.then(|| (EntryId::from_bytes([5; 16]), photo()));
        ActivityView { attachments: photos.into_iter().collect(), ..ActivityView::default() }
    }

    fn refused() -> RefusedChange {
        RefusedChange {
            number: 1,
            record: blob(false, PhotoSize::Full).record,
            hash: ChangeHash([0; 32]),
            change: Vec::new(),
            command: Command::AttachPhoto { entry: EntryId::from_bytes([5; 16]), photo: photo() },
            made_at: Millis(0),
            refused_at: Millis(0),
            refusal: Refusal::new(RefusalCode::TooManyPhotos, ""),
            seen: false,
        }
    }

    fn fate(is_uploaded: bool, accepted: Option<bool>, present: bool, refused: &[RefusedChange]) -> Fate {
        let (accepted, present) = (accepted.map(view), view(present));
        let told =
            Told { accepted: accepted.as_ref(), present: &present, pending: &[], refused, now_ms: 1000 };
        fate_of(&blob(is_uploaded, PhotoSize::Full), &told)
    }

    #[test]
    fn the_text_goes_first_and_only_what_counts_is_sent() {
        assert_eq!(fate(false, None, true, &[]), Fate::Keep, "nothing of the record is receipted");
        assert_eq!(fate(false, Some(false), true, &[]), Fate::Keep, "its own change waits");
        assert_eq!(fate(false, Some(true), true, &[]), Fate::Send);
        assert_eq!(fate(true, Some(true), true, &[]), Fate::Keep);
        assert_eq!(fate(false, Some(true), false, &[]), Fate::Keep, "its removal waits");
    }

    #[test]
    fn a_picture_stays_with_its_refused_change_and_goes_with_it() {
        assert_eq!(fate(false, Some(false), false, &[refused()]), Fate::Keep);
        assert_eq!(fate(false, Some(false), false, &[]), Fate::Drop);
        assert_eq!(fate(true, Some(false), false, &[]), Fate::Drop, "removed elsewhere");
        assert_eq!(
            fate(false, Some(true), true, &[refused()]),
            Fate::Send,
            "another photo of the same picture"
        );
    }

    #[test]
    fn what_could_not_be_delivered_stays_when_its_record_is_gone() {
        assert_eq!(fate(false, None, false, &[]), Fate::Keep);
        assert_eq!(fate(true, None, false, &[]), Fate::Drop);
    }

    #[test]
    fn an_old_uploaded_photo_makes_room_and_its_thumbnail_stays() {
        let (accepted, present) = (view(true), view(true));
        let told = |now_ms| Told {
            accepted: Some(&accepted),
            present: &present,
            pending: &[],
            refused: &[],
            now_ms,
        };
        let later = told(KEEP_PHOTO_MS + 1);
        assert_eq!(fate_of(&blob(true, PhotoSize::Full), &later), Fate::Drop);
        assert_eq!(fate_of(&blob(true, PhotoSize::Thumb), &later), Fate::Keep);
        assert_eq!(fate_of(&blob(false, PhotoSize::Full), &later), Fate::Send, "never before it is uploaded");
        assert_eq!(fate_of(&blob(true, PhotoSize::Full), &told(KEEP_PHOTO_MS)), Fate::Keep);
    }
}
