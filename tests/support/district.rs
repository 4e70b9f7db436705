//! A small district behind a real listener, with a clock that the test moves.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zhibu_domain::ids::{AccountId, DistrictId, InviteId, MemberId, OrgId, natural};
use zhibu_domain::org::{NamingScheme, Org, OrgType, Post, Role};
use zhibu_domain::time::Millis;
use zhibu_server::blobs::BlobPlace;
use zhibu_server::clock::{SeededEntropy, TestClock};
use zhibu_server::store::{District as StoredDistrict, FactorPolicy, NewAccount, NewInvite, Store};
use zhibu_server::{App, http};

use crate::databases::own_database;

/// 2026-11-21 20:00 in China.
pub const EVENING: Millis = Millis(1_795_262_400_000);

/// District, township, two branches; the first branch has one party group.
pub struct District {
    folder: TempDir,
    /// The server's inside, for looking at what was stored.
    pub app: Arc<App>,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Where it listens.
    pub address: SocketAddr,
}

/// The district's id.
pub fn district_id() -> DistrictId {
    DistrictId(natural(&[b"district"]))
}

/// An org of the district by a short name: `township`, `branch`, `other-branch`, `group`.
pub fn org(name: &str) -> OrgId {
    OrgId(natural(&[b"org", name.as_bytes()]))
}

/// A member by number.
pub fn member(number: u32) -> MemberId {
    MemberId(natural(&[b"member", &number.to_be_bytes()]))
}

impl District {
    /// Founds it and opens its door.
    pub async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let blobs = BlobPlace::folder(&folder.path().join("blobs")).unwrap();
        Self::found_in(folder, blobs).await
    }

    /// The same, with its pictures in this place.
    pub async fn open_with(blobs: BlobPlace) -> Self {
        Self::found_in(TempDir::new().unwrap(), blobs).await
    }

    async fn found_in(folder: TempDir, blobs: BlobPlace) -> Self {
        let store = own_database(folder.path()).await.open().await.unwrap();
        found(&*store).await;
        let clock = Arc::new(TestClock::new(EVENING));
        let (app, address) = serve(store, clock.clone(), 7, blobs).await;
        Self { folder, app, clock, address }
    }

    /// One more server on the same database, with the pictures in this place.
    pub async fn another_server(&self, blobs: BlobPlace) -> (Arc<App>, SocketAddr) {
        let store = own_database(self.folder.path()).await.open().await.unwrap();
        serve(store, self.clock.clone(), 8, blobs).await
    }

    /// The store behind it.
    pub fn store(&self) -> &dyn Store {
        &*self.app.store
    }

    /// Every file in the folder of pictures.
    pub fn picture_files(&self) -> Vec<PathBuf> {
        fn files(folder: &Path) -> Vec<PathBuf> {
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            let paths = entries.map(|entry| entry.unwrap().path());
            paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
        }
        files(&self.folder.path().join("blobs"))
    }

    /// Opens an account with these posts and gives the secret of an invite for it.
    pub async fn invite(&self, name: &str, member: Option<MemberId>, posts: &[Post]) -> [u8; 32] {
        invite(self.store(), name, member, posts, EVENING).await
    }
}

/// Opens an account with these posts and gives the secret of an invite for it.
pub async fn invite(
    store: &dyn Store,
    name: &str,
    member: Option<MemberId>,
    posts: &[Post],
    at: Millis,
) -> [u8; 32] {
    let account = AccountId(natural(&[b"account", name.as_bytes()]));
    let new = NewAccount {
        id: account,
        login: None,
        password_hash: None,
        name: name.to_owned(),
        member,
        org: posts[0].org,
        posts: posts.to_vec(),
        created_at: at,
    };
    store.create_account(district_id(), &new).await.unwrap();
    let secret: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    let invite = NewInvite {
        id: InviteId(natural(&[b"invite", name.as_bytes()])),
        secret_hash: Sha256::digest(secret).into(),
        account,
        purpose: format!("{name}的手机"),
        created_by: None,
        created_at: at,
        expires_at: at.plus(72 * 3_600_000),
    };
    assert!(store.create_invite(district_id(), &invite).await.unwrap());
    secret
}

async fn serve(
    store: Arc<dyn Store>,
    clock: Arc<TestClock>,
    seed: u64,
    blobs: BlobPlace,
) -> (Arc<App>, SocketAddr) {
    let chance = Arc::new(SeededEntropy::new(seed));
    let app = App::new(store, clock, chance, "http://zhibu.test", blobs);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = http::router(app.clone(), http::Pages::default());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (app, address)
}

/// A post in the district by the short name of its org.
pub fn post(role: Role, at: &str) -> Post {
    Post { role, org: org(at) }
}

/// Founds the district with its orgs.
pub async fn found(store: &dyn Store) {
    let district = StoredDistrict {
        id: district_id(),
        name: "青岭旗".into(),
        naming: NamingScheme::Qi,
        generation: [1; 16],
        token_secret: [2; 32],
        factor_policy: FactorPolicy::Optional,
        orgs_version: 0,
    };
    assert!(store.found_district(&district, EVENING).await.unwrap());
    let node = |name: &str, parent: OrgId, org_type, shown: &str| Org {
        id: org(name),
        parent: Some(parent),
        org_type,
        name: shown.into(),
    };
    let orgs = [
        node("township", district_id().into(), OrgType::Township, "柳河苏木"),
        node("branch", org("township"), OrgType::Branch, "白桦嘎查党支部"),
        node("other-branch", org("township"), OrgType::Branch, "松林嘎查党支部"),
        node("group", org("branch"), OrgType::Group, "第一党小组"),
    ];
    store.put_orgs(district_id(), &orgs).await.unwrap();
}
