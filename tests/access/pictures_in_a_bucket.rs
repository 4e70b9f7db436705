//! Pictures in a bucket: the same rights, any number of servers, and readers who are sent there.

use reqwest::{Method, StatusCode, Url, redirect};
use zhibu_domain::org::Role;
use zhibu_domain::wire::{ErrorCode, MAX_BLOB_CHUNK_BYTES};
use zhibu_server::admin::verify::{Finding, verify};
use zhibu_server::blobs::{BlobPlace, Swept, sweep};

use super::bucket::Bucket;
use super::district::{District, post};
use super::pictures::{WEEK_MS, ask, attach, bring, deliver, entry, is_taken_and_read, photo, put, read};
use super::records::Branch;
use super::wire_client::WireClient;

async fn branch_on(bucket: &Bucket, more: &str) -> Branch {
    Branch::in_district(District::open_with(bucket.place(more).await).await).await
}

#[tokio::test]
async fn a_bucket_takes_and_gives_what_a_folder_does() {
    let Some(bucket) = Bucket::start() else { return };
    is_taken_and_read(branch_on(&bucket, "").await).await;
    let objects = bucket.objects();
    assert!(objects.iter().any(|name| name.starts_with("zhibu/whole/")), "{objects:?}");
    // Of the two devices one had half a picture, which waits for it; the other one's pieces are gone.
    let parts: Vec<_> = objects.iter().filter(|name| name.starts_with("zhibu/parts/")).collect();
    assert_eq!(parts.len(), 1, "{objects:?}");
}

#[tokio::test]
async fn each_piece_may_go_to_another_server() {
    let Some(bucket) = Bucket::start() else { return };
    let mut branch = branch_on(&bucket, "").await;
    let record = branch.activity.reference().id();
    let (named, bytes, _) = photo(1);
    attach(&mut branch, 1, named).await;
    let (other, elsewhere) = branch.district.another_server(bucket.place("").await).await;
    let doors = [branch.district.address, elsewhere];
    let phone = &mut branch.secretary;
    let mut last = Ok((0, false));
    for (nth, piece) in bytes.chunks(MAX_BLOB_CHUNK_BYTES).enumerate() {
        phone.go_to(doors[nth % 2]);
        assert_eq!(ask(phone, record, named.photo).await, last, "this one knows what the other one took");
        last = put(phone, record, named.photo, nth * MAX_BLOB_CHUNK_BYTES, piece).await;
    }
    assert_eq!(last, Ok((bytes.len() as u64, true)));
    for door in doors {
        phone.go_to(door);
        assert_eq!(ask(phone, record, named.photo).await, last);
        assert_eq!(read(phone, record, named.photo).await, (StatusCode::OK, bytes.clone()));
    }
    assert_eq!(bucket.objects().len(), 1, "one object for one picture: {:?}", bucket.objects());

    let report = verify(branch.district.store(), &bucket.place("").await).await.unwrap();
    assert_eq!((report.blobs, report.findings), (1, vec![]));
    let report = verify(branch.district.store(), &bucket.place_under("other", "").await).await.unwrap();
    assert_eq!(report.findings, [Finding::WrongBlob(record, named.photo)]);

    // Both servers sweep, one of them removes.
    let remove = zhibu_domain::command::Command::RemovePhoto { entry: entry(1) };
    deliver(&mut branch, &remove).await;
    assert_eq!(sweep(&other).await.unwrap(), Swept { forgotten: 1, ..Swept::default() });
    branch.district.clock.advance(WEEK_MS + 1);
    let (one, two) = tokio::join!(sweep(&other), sweep(&branch.district.app));
    assert_eq!(one.unwrap().removed + two.unwrap().removed, 1);
    assert!(bucket.objects().is_empty(), "{:?}", bucket.objects());
}

#[tokio::test]
async fn a_reader_is_sent_to_the_bucket_when_his_right_was_looked_at() {
    let Some(bucket) = Bucket::start() else { return };
    let mut branch = branch_on(&bucket, "&presign=true").await;
    let record = branch.activity.reference().id();
    let (named, _, thumb) = photo(1);
    attach(&mut branch, 1, named).await;
    bring(&branch.secretary, record, &thumb).await.unwrap();
    assert_eq!(
        read(&branch.villain, record, named.thumb).await,
        (StatusCode::OK, thumb.clone()),
        "he follows"
    );

    let plain = reqwest::Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let asked = branch.secretary.blob(Method::GET, record, &named.thumb.to_string()).build().unwrap();
    let answer = plain.execute(asked).await.unwrap();
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let address: Url = answer.headers()["location"].to_str().unwrap().parse().unwrap();
    assert!(address.as_str().starts_with(bucket.endpoint()) && address.as_str().contains("X-Amz-Expires=60"));
    let picture = plain.get(address.clone()).send().await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/jpeg");
    assert_eq!(picture.bytes().await.unwrap().to_vec(), thumb);
    let mut forged = address.clone();
    forged.set_path(&address.path().replace(&named.thumb.to_string(), &named.photo.to_string()));
    assert_eq!(
        plain.get(forged).send().await.unwrap().status(),
        StatusCode::FORBIDDEN,
        "it opens one picture"
    );
    let mut unsigned = address;
    unsigned.set_query(None);
    assert!(!plain.get(unsigned).send().await.unwrap().status().is_success());

    let invited = branch.district.invite("邻居", None, &[post(Role::BranchSecretary, "other-branch")]).await;
    let neighbour = WireClient::enrol(&branch.district, invited).await;
    let refused = neighbour.blob(Method::GET, record, &named.thumb.to_string()).build().unwrap();
    let refused = plain.execute(refused).await.unwrap();
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    assert!(!refused.headers().contains_key("location"));

    // Pages may fetch and show pictures from there, and nothing else.
    let policy = plain.get(format!("http://{}/", branch.district.address)).send().await.unwrap();
    let policy = policy.headers()["content-security-policy"].to_str().unwrap().to_owned();
    for directive in ["img-src 'self'", "connect-src 'self'"] {
        assert!(policy.contains(&format!("{directive} {}", bucket.endpoint())), "{policy}");
    }
    assert_eq!(policy.matches(bucket.endpoint()).count(), 2, "{policy}");
}

#[tokio::test]
async fn an_outage_of_the_bucket_is_not_one_of_the_record() {
    let Some(mut bucket) = Bucket::start() else { return };
    let mut branch = branch_on(&bucket, "").await;
    let record = branch.activity.reference().id();
    let (named, _, thumb) = photo(1);
    attach(&mut branch, 1, named).await;
    bucket.stop();
    assert_eq!(put(&branch.secretary, record, named.thumb, 0, &thumb).await, Err(ErrorCode::Unavailable));
    attach(&mut branch, 2, photo(2).0).await;
}

#[tokio::test]
async fn an_address_says_what_is_wrong_with_it() {
    let at = async |address: &str| match BlobPlace::bucket(address, []).await {
        Ok(_) => "taken".to_owned(),
        Err(fault) => fault.to_string(),
    };
    assert_eq!(at("s3://pictures/zhibu?region=cn-north-1&virtual_host=true").await, "taken");
    assert!(at("gs://pictures").await.starts_with("not the address of a bucket"));
    assert!(at("s3://").await.starts_with("not the address of a bucket"));
    assert_eq!(at("s3://pictures?secret=abc").await, "no such setting of a bucket: secret");
    assert_eq!(at("s3://pictures?presign=yes").await, "no such setting of a bucket: presign");
}
