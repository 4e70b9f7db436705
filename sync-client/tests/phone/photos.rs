//! Photos: saved with the change that names them, uploaded after the text, thumbnails first, piece by piece.

use zhibu_domain::attachment::{BlobHash, PhotoSize};
use zhibu_domain::command::AboutField::Title;
use zhibu_domain::command::Command;
use zhibu_domain::ids::EntryId;
use zhibu_domain::record::RecordRef;
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::MAX_BLOB_CHUNK_BYTES;
use zhibu_sync_client::client::UploadReport;
use zhibu_sync_client::desk::PhotoState;
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::store::LocalStore as _;

use crate::support::{Phone, Server, TOKEN_MS, activity, picture, set};

/// Three and a half pieces.
const PHOTO_BYTES: usize = 3 * MAX_BLOB_CHUNK_BYTES + MAX_BLOB_CHUNK_BYTES / 2;
const THUMB_BYTES: usize = 9_000;

fn entry(n: u8) -> EntryId {
    EntryId::from_bytes([n; 16])
}

fn photo(n: u8) -> Vec<u8> {
    picture(n, PHOTO_BYTES)
}

fn thumb(n: u8) -> Vec<u8> {
    picture(n, THUMB_BYTES)
}

async fn attach(phone: &Phone, record: &RecordRef, n: u8) -> Result<(), SyncError> {
    phone.client.attach_photo(record, entry(n), photo(n), thumb(n)).await.map(drop)
}

fn holds(server: &Server, n: u8) -> bool {
    let hashes = [photo(n), thumb(n)].map(|bytes| BlobHash::of(&bytes));
    server.with(|state| hashes.iter().all(|hash| state.blobs.whole(*hash).is_some()))
}

#[tokio::test]
async fn the_text_goes_first_then_thumbnails_then_photos() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Title, "主题党日").await;
    for n in [1, 2] {
        attach(&phone, &activity(1), n).await.unwrap();
    }
    assert_eq!(phone.client.upload_blobs().await.unwrap(), UploadReport::default(), "no text, no picture");
    let status = phone.client.status().await.unwrap();
    let bytes = 2 * (PHOTO_BYTES + THUMB_BYTES) as u64;
    assert_eq!((status.pending, status.photos_waiting, status.photo_bytes_waiting), (3, 2, bytes));

    phone.client.sync().await.unwrap();
    let report = phone.client.upload_blobs().await.unwrap();
    assert_eq!(report, UploadReport { thumbs: 2, photos: 2, declined: 0, bytes_up: bytes });
    let pieces = server.with(|state| state.blobs.pieces.clone());
    let thumbs = [thumb(1), thumb(2)].map(|bytes| BlobHash::of(&bytes));
    assert!(pieces[..2].iter().all(|piece| thumbs.contains(piece)), "both thumbnails before any photo");
    assert_eq!(pieces.len(), 2 + 2 * 4);
    assert!(holds(&server, 1) && holds(&server, 2));
    let status = phone.client.status().await.unwrap();
    assert_eq!((status.photos_waiting, status.photo_bytes_waiting), (0, 0));
    assert_eq!(phone.client.upload_blobs().await.unwrap(), UploadReport::default(), "nothing twice");
}

/// Of the phone's acts, each in turn is the one before which the process dies.
#[tokio::test]
async fn a_kill_at_any_point_loses_no_photo_and_sends_no_piece_twice() {
    async fn take_a_photo(phone: &Phone) -> Result<(), SyncError> {
        phone.client.execute(&activity(1), set(Title, "主题党日")).await?;
        match attach(phone, &activity(1), 1).await {
            Err(SyncError::Command(_)) => {} // It was saved before the kill.
            other => other?,
        }
        phone.client.sync().await?;
        phone.client.upload_blobs().await.map(drop)
    }
    for commits in 0.. {
        let server = Server::start();
        let mut phone = Phone::enrolled(&server, "王书记").await;
        phone.client.store().crash_after(commits);
        let outcome = take_a_photo(&phone).await;
        let crashed = phone.client.store().has_crashed();
        assert_eq!(outcome.is_err(), crashed, "after {commits} commits: {outcome:?}");
        phone.restart().await;
        take_a_photo(&phone).await.unwrap();
        assert!(holds(&server, 1), "after {commits} commits");
        let pieces = server.with(|state| state.blobs.pieces.len());
        assert_eq!(pieces, 5, "after {commits} commits: each piece once");
        let status = phone.client.status().await.unwrap();
        assert_eq!((status.pending, status.photos_waiting), (0, 0), "after {commits} commits");
        if !crashed {
            assert!(commits > 8, "the story has more than {commits} acts");
            break;
        }
    }
}

#[tokio::test]
async fn an_upload_goes_on_where_the_line_broke_also_under_a_new_token() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    attach(&phone, &activity(1), 1).await.unwrap();
    phone.client.sync().await.unwrap();
    let mut sent = 0;
    // Each answer in turn is lost: the piece arrived, the phone does not know.
    for round in 0.. {
        *phone.line.lose_answer.lock().unwrap() = round < 4;
        match phone.client.upload_blobs().await {
            Ok(_) => break,
            Err(error) => assert!(matches!(error, SyncError::Offline(_)), "{error}"),
        }
        sent = server.with(|state| state.blobs.pieces.len()).max(sent);
        server.with(|state| state.now = state.now.plus(TOKEN_MS));
        phone.surroundings.advance(TOKEN_MS);
    }
    assert!(holds(&server, 1));
    assert_eq!(server.with(|state| state.blobs.pieces.len()), 5, "no piece counts twice");
    // A server set back to an old backup asks again for what it lost, as long as the phone holds it.
    attach(&phone, &activity(1), 2).await.unwrap();
    phone.client.sync().await.unwrap();
    server.with(|state| state.blobs.lose());
    phone.client.upload_blobs().await.unwrap();
    assert!(holds(&server, 2));
}

#[tokio::test]
async fn a_refused_photo_stays_with_its_refusal_until_it_is_let_go() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    phone.set(&activity(1), Title, "主题党日").await;
    phone.client.sync().await.unwrap();
    let hash = BlobHash::of(&photo(1));
    server.refuse_bytes(&hash.0, RefusalCode::TooManyPhotos);
    attach(&phone, &activity(1), 1).await.unwrap();
    phone.client.sync().await.unwrap();
    assert_eq!(phone.client.upload_blobs().await.unwrap(), UploadReport::default());
    let status = phone.client.status().await.unwrap();
    assert_eq!((status.refused, status.photos_waiting), (1, 0), "it is told as refused, not as waiting");
    let record = activity(1).id();
    let held = async || phone.client.store().blob_bytes(record, hash).await.unwrap();
    assert_eq!(held().await, Some(photo(1)));

    // Sent again and accepted, it goes up like any other.
    server.allow_everything();
    let number = phone.client.refused().await.unwrap()[0].number;
    phone.client.resend_refused(number).await.unwrap();
    phone.client.sync().await.unwrap();
    assert_eq!(phone.client.upload_blobs().await.unwrap().photos, 1);

    server.refuse_bytes(&BlobHash::of(&photo(2)).0, RefusalCode::TooManyPhotos);
    attach(&phone, &activity(1), 2).await.unwrap();
    phone.client.sync().await.unwrap();
    phone.client.dismiss_refused(phone.client.refused().await.unwrap()[0].number).await.unwrap();
    phone.client.upload_blobs().await.unwrap();
    assert_eq!(phone.client.store().blobs().await.unwrap().len(), 2, "what was let go leaves no bytes");
    assert!(!holds(&server, 2));
}

#[tokio::test]
async fn others_see_the_thumbnail_as_soon_as_it_came_and_a_removed_photo_leaves() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    let reader = Phone::enrolled(&server, "记录人").await;
    attach(&phone, &activity(1), 1).await.unwrap();
    phone.client.sync().await.unwrap();
    reader.client.sync().await.unwrap();
    let record = activity(1);
    let ask = |size| reader.client.photo(&record, entry(1), size);
    assert!(matches!(ask(PhotoSize::Thumb).await, Err(SyncError::PhotoNotThere)));
    phone.client.upload_blobs().await.unwrap();
    assert_eq!(ask(PhotoSize::Thumb).await.unwrap(), thumb(1));
    assert_eq!(ask(PhotoSize::Full).await.unwrap(), photo(1));
    *reader.line.cut.lock().unwrap() = true;
    assert_eq!(ask(PhotoSize::Thumb).await.unwrap(), thumb(1), "kept since");
    assert!(matches!(ask(PhotoSize::Full).await, Err(SyncError::Offline(_))));
    *reader.line.cut.lock().unwrap() = false;
    let state = async |phone: &Phone| {
        phone.client.show_activity(&activity(1)).await.unwrap().photos.first().map(|photo| photo.state)
    };
    assert_eq!(state(&phone).await, Some(PhotoState::Uploaded));
    assert_eq!(state(&reader).await, Some(PhotoState::Elsewhere));

    phone.client.execute(&activity(1), Command::RemovePhoto { entry: entry(1) }).await.unwrap().unwrap();
    phone.client.sync().await.unwrap();
    reader.client.sync().await.unwrap();
    for holder in [&phone, &reader] {
        holder.client.upload_blobs().await.unwrap();
        assert!(holder.client.store().blobs().await.unwrap().is_empty());
        assert_eq!(state(holder).await, None);
    }
    assert!(matches!(ask(PhotoSize::Thumb).await, Err(SyncError::NoSuchPhoto)));
}

#[tokio::test]
async fn what_is_no_picture_or_one_too_many_is_refused_before_it_is_saved() {
    let server = Server::start();
    let phone = Phone::enrolled(&server, "王书记").await;
    let large = picture(9, (1 << 20) + 1);
    let camera = [&photo(9)[..2], &[0xff, 0xe1, 0, 8], b"Exif\0\0", &photo(9)[2..]].concat();
    for wrong in [b"<svg/>".to_vec(), large, camera] {
        let refused = phone.client.attach_photo(&activity(1), entry(9), wrong, thumb(9)).await;
        assert!(matches!(refused, Err(SyncError::Picture(_))));
    }
    for n in 1..=3 {
        attach(&phone, &activity(1), n).await.unwrap();
    }
    let fourth = attach(&phone, &activity(1), 4).await.unwrap_err();
    assert_eq!(fourth.plain(), "没有保存：一次活动最多3张照片。请先删去一张再加。");
    assert_eq!(phone.client.store().blobs().await.unwrap().len(), 6, "nothing of the refused ones was kept");
}
