//! Pictures: who may bring and read them, and what is taken for one.

use reqwest::{Method, StatusCode};
use zhibu_domain::attachment::{Attachment, BlobHash};
use zhibu_domain::command::Command;
use zhibu_domain::ids::{EntryId, RecordId, natural};
use zhibu_domain::org::Role;
use zhibu_domain::record::Record;
use zhibu_domain::wire::{BlobProgress, ErrorBody, ErrorCode, MAX_BLOB_CHUNK_BYTES};
use zhibu_server::blobs::{Swept, sweep};

use super::district::post;
use super::picture::picture;
use super::records::{Branch, activity_at, set};
use super::wire_client::{WireClient, is_stored};

/// How long the bytes of a removed photo stay.
pub(crate) const WEEK_MS: i64 = 7 * 24 * 3_600_000;

/// How far the server is with a picture, or why it will not say.
pub(crate) type Progress = Result<(u64, bool), ErrorCode>;

async fn progress(request: reqwest::RequestBuilder) -> Progress {
    let answer = request.send().await.unwrap();
    let (status, bytes) = (answer.status(), answer.bytes().await.unwrap());
    if status.is_success() {
        let BlobProgress { offset, is_complete } = minicbor::decode(&bytes).unwrap();
        return Ok((offset, is_complete));
    }
    let body: ErrorBody = minicbor::decode(&bytes).unwrap();
    assert_eq!(status, zhibu_server::error::status(body.code));
    Err(body.code)
}

pub(crate) async fn ask(client: &WireClient, record: RecordId, hash: BlobHash) -> Progress {
    progress(client.blob(Method::GET, record, &format!("{hash}/offset"))).await
}

pub(crate) async fn put(
    client: &WireClient,
    record: RecordId,
    hash: BlobHash,
    offset: usize,
    piece: &[u8],
) -> Progress {
    let request = client.blob(Method::PUT, record, &format!("{hash}/offset/{offset}"));
    progress(request.header("content-type", "application/octet-stream").body(piece.to_vec())).await
}

/// Brings a picture piece by piece.
pub(crate) async fn bring(client: &WireClient, record: RecordId, bytes: &[u8]) -> Progress {
    let (hash, mut last) = (BlobHash::of(bytes), Ok((0, false)));
    for (nth, piece) in bytes.chunks(MAX_BLOB_CHUNK_BYTES).enumerate() {
        last = put(client, record, hash, nth * MAX_BLOB_CHUNK_BYTES, piece).await;
    }
    last
}

pub(crate) async fn read(client: &WireClient, record: RecordId, hash: BlobHash) -> (StatusCode, Vec<u8>) {
    let answer = client.blob(Method::GET, record, &hash.to_string()).send().await.unwrap();
    (answer.status(), answer.bytes().await.unwrap().to_vec())
}

/// A photo of three pieces and its thumbnail, with the entry that names them.
pub(crate) fn photo(number: u8) -> (Attachment, Vec<u8>, Vec<u8>) {
    let (photo, thumb) = (picture(number, 150_000), picture(number, 9_000));
    (Attachment::of(&photo, &thumb).unwrap(), photo, thumb)
}

pub(crate) fn entry(number: u8) -> EntryId {
    EntryId(natural(&[b"photo", &[number]]))
}

/// The secretary names a photo in his activity.
pub(crate) async fn attach(branch: &mut Branch, number: u8, photo: Attachment) {
    let command = Command::AttachPhoto { entry: entry(number), photo };
    deliver(branch, &command).await;
}

pub(crate) async fn deliver(branch: &mut Branch, command: &Command) {
    let change = branch.secretary.write(&mut branch.activity, command);
    let envelope = branch.secretary.envelope(vec![change]);
    assert!(is_stored(&branch.secretary.deliver(vec![envelope]).await[0]));
}

#[tokio::test]
async fn a_picture_is_taken_in_pieces_and_read_by_whoever_reads_its_record() {
    is_taken_and_read(Branch::with_activity().await).await;
}

/// Wherever the pictures are.
pub(crate) async fn is_taken_and_read(mut branch: Branch) {
    let record = branch.activity.reference().id();
    let (named, bytes, thumb) = photo(1);
    assert_eq!(ask(&branch.secretary, record, named.photo).await, Err(ErrorCode::NotFound), "the text first");
    assert_eq!(bring(&branch.secretary, record, &thumb).await, Err(ErrorCode::NotFound));
    attach(&mut branch, 1, named).await;
    let secretary = &branch.secretary;
    assert_eq!(ask(secretary, record, named.photo).await, Ok((0, false)));
    let pieces: Vec<_> = bytes.chunks(MAX_BLOB_CHUNK_BYTES).collect();
    let size = MAX_BLOB_CHUNK_BYTES as u64;
    assert_eq!(put(secretary, record, named.photo, 0, pieces[0]).await, Ok((size, false)));
    assert_eq!(put(secretary, record, named.photo, 0, pieces[0]).await, Ok((size, false)), "twice is once");
    let ahead = put(secretary, record, named.photo, 2 * pieces[0].len(), pieces[2]).await;
    assert_eq!(ahead, Ok((size, false)), "out of order changes nothing");
    assert_eq!(read(secretary, record, named.photo).await.0, StatusCode::NOT_FOUND, "not while it is a part");
    // Another device of the branch does not go on with this one's part, and cannot spoil it.
    let member = &branch.villain;
    assert_eq!(ask(member, record, named.photo).await, Ok((0, false)));
    let junk = vec![7; pieces[0].len()];
    assert_eq!(put(member, record, named.photo, 0, &junk).await, Ok((size, false)));
    assert_eq!(put(secretary, record, named.photo, pieces[0].len(), pieces[1]).await, Ok((2 * size, false)));
    let done = Ok((bytes.len() as u64, true));
    assert_eq!(put(secretary, record, named.photo, 2 * pieces[0].len(), pieces[2]).await, done);
    assert_eq!(ask(member, record, named.photo).await, done);
    assert_eq!(put(member, record, named.photo, pieces[0].len(), &junk).await, done, "nothing is left to do");
    assert_eq!(read(member, record, named.photo).await, (StatusCode::OK, bytes.clone()));

    let answer = member.blob(Method::GET, record, &named.photo.to_string()).send().await.unwrap();
    let header = |name| answer.headers()[name].to_str().unwrap();
    assert_eq!(header("content-type"), "image/jpeg");
    assert_eq!(header("cache-control"), "private, max-age=31536000, immutable");
    assert_eq!(header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn who_does_not_read_the_record_neither_brings_nor_reads_its_pictures() {
    let mut branch = Branch::with_activity().await;
    let record = branch.activity.reference().id();
    let (named, bytes, thumb) = photo(1);
    attach(&mut branch, 1, named).await;
    bring(&branch.secretary, record, &thumb).await.unwrap();
    let invited = branch.district.invite("邻居", None, &[post(Role::BranchSecretary, "other-branch")]).await;
    let mut neighbour = WireClient::enrol(&branch.district, invited).await;
    assert_eq!(ask(&neighbour, record, named.thumb).await, Err(ErrorCode::NotFound));
    assert_eq!(bring(&neighbour, record, &bytes).await, Err(ErrorCode::NotFound));
    assert_eq!(read(&neighbour, record, named.thumb).await.0, StatusCode::NOT_FOUND);

    // He names the same picture in a record of his own: to know its hash is not to have it.
    let mut own = Record::new(activity_at("other-branch", "自己的"));
    let title = neighbour.write(&mut own, &set(zhibu_domain::command::AboutField::Title, "党课"));
    let theft = neighbour.write(&mut own, &Command::AttachPhoto { entry: entry(9), photo: named });
    let envelope = neighbour.envelope(vec![title, theft]);
    assert!(is_stored(&neighbour.deliver(vec![envelope]).await[0]));
    let own = own.reference().id();
    assert_eq!(read(&neighbour, own, named.thumb).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&neighbour, own, named.thumb).await, Ok((0, false)));
    assert_eq!(
        bring(&neighbour, own, &thumb).await,
        Ok((thumb.len() as u64, true)),
        "who has it may bring it"
    );
    assert_eq!(read(&neighbour, own, named.thumb).await.1, thumb);

    let mut nobody = neighbour;
    nobody.token = "a.b.c".into();
    assert_eq!(ask(&nobody, own, named.thumb).await, Err(ErrorCode::Unauthenticated));
    nobody.token = branch.secretary.token.clone();
    for strange in [named.thumb.to_string().to_uppercase(), "..%2f..%2fzhibu.sqlite".into(), "0".repeat(63)] {
        assert_eq!(
            progress(nobody.blob(Method::GET, record, &format!("{strange}/offset"))).await,
            Err(ErrorCode::NotFound)
        );
    }
}

#[tokio::test]
async fn what_is_no_picture_or_another_one_is_not_kept() {
    let mut branch = Branch::with_activity().await;
    let record = branch.activity.reference().id();
    let plain = picture(1, 9_000);
    let place = [&plain[..2], &[0xff, 0xe1, 0, 8], b"Exif\0\0", &plain[2..]].concat();
    let script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>".to_vec();
    let (honest, bytes, thumb) = photo(2);
    let named = |bytes: &[u8]| Attachment {
        thumb: BlobHash::of(bytes),
        thumb_bytes: bytes.len() as u32,
        photo: BlobHash::of(&[bytes, b"full"].concat()),
        ..honest
    };
    attach(&mut branch, 1, named(&place)).await;
    attach(&mut branch, 2, named(&script)).await;
    attach(&mut branch, 3, honest).await;
    let secretary = &branch.secretary;
    for wrong in [&place, &script] {
        let hash = BlobHash::of(wrong);
        assert_eq!(bring(secretary, record, wrong).await, Err(ErrorCode::RuleBroken));
        assert_eq!(ask(secretary, record, hash).await, Ok((0, false)), "dropped, and may come anew");
        assert_eq!(read(secretary, record, hash).await.0, StatusCode::NOT_FOUND);
    }
    let other = vec![7; thumb.len()];
    assert_eq!(put(secretary, record, honest.thumb, 0, &other).await, Err(ErrorCode::RuleBroken));
    let long = [&thumb[..], &[0]].concat();
    assert_eq!(put(secretary, record, honest.thumb, 0, &long).await, Err(ErrorCode::TooLarge));
    let huge = vec![0; MAX_BLOB_CHUNK_BYTES + 1];
    assert_eq!(put(secretary, record, honest.photo, 0, &huge).await, Err(ErrorCode::TooLarge));
    assert_eq!(put(secretary, record, honest.photo, 0, &[]).await, Ok((0, false)));
    let untyped = secretary.blob(Method::PUT, record, &format!("{}/offset/0", honest.thumb));
    assert_eq!(progress(untyped.body(thumb.clone())).await, Err(ErrorCode::UnsupportedMedia));
    assert_eq!(bring(secretary, record, &thumb).await, Ok((thumb.len() as u64, true)));
    assert_eq!(bring(secretary, record, &bytes).await, Ok((bytes.len() as u64, true)));
}

#[tokio::test]
async fn a_removed_photo_is_gone_at_once_and_swept_from_the_disk() {
    let mut branch = Branch::with_activity().await;
    let record = branch.activity.reference().id();
    let (named, bytes, thumb) = photo(1);
    attach(&mut branch, 1, named).await;
    for bytes in [&thumb, &bytes] {
        bring(&branch.secretary, record, bytes).await.unwrap();
    }
    // The same picture stands in a second photo of the same activity.
    attach(&mut branch, 2, Attachment { photo: BlobHash([9; 32]), ..named }).await;
    assert_eq!(sweep(&branch.district.app).await.unwrap(), Swept::default());
    deliver(&mut branch, &Command::RemovePhoto { entry: entry(1) }).await;
    let secretary = &branch.secretary;
    assert_eq!(read(secretary, record, named.photo).await.0, StatusCode::NOT_FOUND, "before any sweep");
    assert_eq!(read(secretary, record, named.thumb).await.1, thumb, "the other photo has it still");
    let forgotten = Swept { forgotten: 1, ..Swept::default() };
    assert_eq!(sweep(&branch.district.app).await.unwrap(), forgotten);
    assert_eq!(read(secretary, record, named.thumb).await.1, thumb);
    deliver(&mut branch, &Command::RemovePhoto { entry: entry(2) }).await;
    assert_eq!(sweep(&branch.district.app).await.unwrap(), forgotten);
    branch.district.clock.advance(WEEK_MS);
    assert_eq!(sweep(&branch.district.app).await.unwrap(), Swept::default(), "a week is not over");
    assert_eq!(branch.district.picture_files().len(), 2, "a backup of last week has its pictures");
    branch.district.clock.advance(1);
    assert_eq!(sweep(&branch.district.app).await.unwrap(), Swept { removed: 2, ..Swept::default() });
    assert!(branch.district.picture_files().is_empty(), "nothing is left on the disk");
}

/// The server was killed after the last piece and before it could check the whole.
#[tokio::test]
async fn a_part_that_is_whole_is_closed_when_somebody_asks() {
    let mut branch = Branch::with_activity().await;
    let record = branch.activity.reference().id();
    let (named, _, thumb) = photo(1);
    attach(&mut branch, 1, named).await;
    put(&branch.secretary, record, named.thumb, 0, &thumb[..100]).await.unwrap();
    let part = branch.district.picture_files().remove(0);
    std::fs::write(part, &thumb).unwrap();
    assert_eq!(ask(&branch.secretary, record, named.thumb).await, Ok((thumb.len() as u64, true)));
    assert_eq!(read(&branch.secretary, record, named.thumb).await.1, thumb);
}
