//! Makes a data folder: a district of its own, or the demo district.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use data_encoding::BASE32_NOPAD;
use zhibu_domain::ids::{AccountId, DistrictId, OrgId};
use zhibu_domain::org::{NamingScheme, Post, Role};
use zhibu_domain::time::Millis;

use super::welcome;
use crate::auth::password;
use crate::clock::Entropy;
use crate::demo::cast::{Cast, Size};
use crate::demo::history;
use crate::store::{AuditAct, AuditEntry, Database, District, FactorPolicy, NewAccount, Store};

/// Written last: a folder in which it is missing or empty was never finished.
pub const WELCOME: &str = "WELCOME.txt";
/// The login of a district's first administrator.
const ADMIN: &str = "admin";

/// What to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// 青岭旗, which does not exist.
    Demo {
        /// How large.
        size: Size,
        /// Which people, which dice.
        seed: u64,
    },
    /// An empty district.
    Own {
        /// Its name as shown.
        name: String,
        /// Its words for the levels.
        naming: NamingScheme,
    },
}

/// Where it is made and how it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site<'a> {
    /// The data folder.
    pub data: &'a Path,
    /// The database, in the folder or elsewhere.
    pub database: &'a Database,
    /// Where phones reach the server: stands in the invite links.
    pub public_url: &'a str,
    /// The folder of the binaries, so that what is printed can be typed; none if it cannot be known.
    pub programs: Option<&'a Path>,
}

/// Makes what is planned in a folder that has no data yet, and answers what there is to say about it: addresses,
/// logins, invite links. That text is also written to [`WELCOME`], but for a real password, which is only answered.
///
/// # Errors
/// When the folder has data already, or something cannot be written; then [`WELCOME`] is missing or empty.
pub async fn init(
    site: &Site<'_>,
    plan: &Plan,
    entropy: &dyn Entropy,
    now: Millis,
) -> anyhow::Result<String> {
    let site = Site { public_url: site.public_url.trim_end_matches('/'), ..*site };
    let Site { data, database, public_url, .. } = site;
    anyhow::ensure!(
        public_url.starts_with("http://") || public_url.starts_with("https://"),
        "--public-url 要以 http:// 或 https:// 开头，例如 http://127.0.0.1:8080。"
    );
    claim_folder(data, database)?;
    let store = database.open().await.with_context(|| format!("打不开 {database}"))?;
    let (spoken, written) = match plan {
        Plan::Demo { size, seed } => {
            let cast = Cast::new(*size, *seed);
            let done = history::write(store.clone(), entropy, &cast, *seed).await?;
            let links = welcome::invite_story(&*store, entropy, &cast, now, public_url).await?;
            let text = welcome::of_demo(&site, &cast, &done, &links);
            (text.clone(), text)
        }
        Plan::Own { name, naming } => {
            let secret = found_own(&*store, entropy, name, *naming, now).await?;
            let text = |password: &str| welcome::of_own(&site, name, ADMIN, password);
            (text(&secret), text("（只在创建时显示过一次）"))
        }
    };
    store.close().await;
    write_welcome(&data.join(WELCOME), &written)?;
    Ok(spoken)
}

/// Makes the folder and in it the empty database file, or for a database elsewhere the empty [`WELCOME`], so that of two
/// that start at once one is refused.
fn claim_folder(data: &Path, database: &Database) -> anyhow::Result<()> {
    std::fs::create_dir_all(data).with_context(|| format!("不能新建文件夹 {}", data.display()))?;
    let path = match database {
        Database::Sqlite(path) => path.clone(),
        Database::Postgres { .. } => data.join(WELCOME),
    };
    match owners_only().create_new(true).open(&path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            anyhow::bail!("已有数据（{}），没有改动。请换一个文件夹，或者先把原来的移走。", path.display())
        }
        Err(error) => Err(error).with_context(|| format!("不能新建 {}", path.display())),
    }
}

/// Founds an empty district with one administrator, and answers his password.
async fn found_own(
    store: &dyn Store,
    entropy: &dyn Entropy,
    name: &str,
    naming: NamingScheme,
    now: Millis,
) -> anyhow::Result<String> {
    let name = name.trim();
    anyhow::ensure!(!name.is_empty() && name.chars().count() <= 40, "--name 要有 1 到 40 个字。");
    let district = District {
        id: DistrictId(entropy.uuid(now)),
        name: name.to_owned(),
        naming,
        generation: entropy.bytes(),
        token_secret: entropy.bytes(),
        factor_policy: FactorPolicy::Required,
        orgs_version: 0,
    };
    anyhow::ensure!(store.found_district(&district, now).await?, "这个区划已经存在。");
    // Eighty bits in sixteen letters and digits that are hard to mistake for each other when read from paper.
    let secret = BASE32_NOPAD.encode(&entropy.bytes::<10>()).to_lowercase();
    let hash = password::hash(secret.clone()).await.map_err(|error| anyhow::anyhow!("{error}"))?;
    let root = OrgId::from(district.id);
    let admin = NewAccount {
        id: AccountId(entropy.uuid(now)),
        login: Some(ADMIN.to_owned()),
        password_hash: Some(hash),
        name: "管理员".to_owned(),
        member: None,
        org: root,
        posts: vec![Post { role: Role::DistrictAdmin, org: root }],
        created_at: now,
    };
    anyhow::ensure!(store.create_account(district.id, &admin).await?, "管理员账号已经存在。");
    let entry = AuditEntry {
        at: now,
        account: None,
        device: None,
        act: AuditAct::AccountOpened,
        subject: admin.id.to_string(),
        detail: serde_json::json!({ "login": ADMIN }),
    };
    store.append_audit(district.id, &entry).await?;
    Ok(secret)
}

/// For files that only their owner may read: token keys and invite links are in them.
fn owners_only() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn write_welcome(path: &Path, text: &str) -> anyhow::Result<()> {
    let file = owners_only().create(true).truncate(true).open(path);
    let mut file = file.with_context(|| format!("写不进 {}", path.display()))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).context("写不完 WELCOME.txt")
}

#[cfg(test)]
mod tests;
