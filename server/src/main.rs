//! The server binary: parse, open, serve.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;
use jiff::Timestamp;
use tokio::net::TcpListener;
use zhibu_server::App;
use zhibu_server::admin::backup::{Backup, BackupPlace, Source, keep_backing_up};
use zhibu_server::admin::init::Site;
use zhibu_server::blobs::{BlobPlace, keep_sweeping};
use zhibu_server::clock::{Clock as _, SystemClock, SystemEntropy};
use zhibu_server::config::{
    BLOBS, BackupOptions, Command, CompactOptions, Config, ExportOptions, HIGH_WATER, InitOptions,
    LoginOptions, Place, RestoreOptions, ServeOptions, VerifyOptions, WEB_ASSETS,
};
use zhibu_server::high_water::HighWater;
use zhibu_server::http::Pages;
use zhibu_server::store::Database;
use zhibu_server::{admin, compaction, http, listener, logging, metrics, projection};

/// A push makes many small values that live as long as the request; the system's allocator spends a sixth of the server's
/// time on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long stopping may take for what the next start would only do faster with.
const PUT_AWAY_WITHIN: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let _traces = logging::begin()?;
    match Config::parse().command {
        Command::Init(options) => init(options).await,
        Command::Serve(options) => serve(options).await,
        Command::ExportRecord(options) => export_record(options).await,
        Command::Verify(place) => verify(place).await,
        Command::Reproject(place) => reproject(place).await,
        Command::Compact(options) => compact(options).await,
        Command::ResetSecondFactor(options) => reset_second_factor(options).await,
        Command::Backup(options) => backup(options).await,
        Command::Restore(options) => restore(options).await,
        Command::RenewGeneration(place) => renew_generation(place).await,
        Command::Size(options) => {
            say(&admin::size::table(&options.extents()));
            Ok(())
        }
    }
}

async fn init(options: InitOptions) -> anyhow::Result<()> {
    let plan = options.plan().context("--demo, or --name and --naming")?;
    let program = std::env::current_exe().ok();
    let programs = program.as_deref().and_then(std::path::Path::parent);
    let site = Site {
        data: &options.place.data,
        database: &options.place.database(),
        public_url: &options.public_url,
        programs,
    };
    let text = admin::init::init(&site, &plan, &SystemEntropy, SystemClock.now()).await?;
    say(&text);
    Ok(())
}

async fn export_record(options: ExportOptions) -> anyhow::Result<()> {
    let store = admin::open_existing(&options.place.database()).await?;
    let size = admin::export::export_record(&*store, options.record, &options.out, SystemClock.now()).await?;
    store.close().await;
    say(&format!("已写入 {}（{size} 字节）", options.out.display()));
    Ok(())
}

async fn verify(options: VerifyOptions) -> anyhow::Result<()> {
    let store = admin::open_existing(&options.place.database()).await?;
    let blobs = open_blobs(options.blobs.as_deref(), &options.place.data).await?;
    let mut report = admin::verify::verify(&*store, &blobs).await?;
    if options.deep {
        admin::verify::verify_deep(&*store, &options.place.database(), &mut report.findings).await?;
    }
    store.close().await;
    report.findings.iter().for_each(|finding| say(&finding.to_string()));
    say(&format!(
        "查了 {} 份记录、{} 条变更、{} 个集合、{} 条审计、{} 个照片文件",
        report.records, report.changes, report.collections, report.audit_entries, report.blobs
    ));
    anyhow::ensure!(report.findings.is_empty(), "发现 {} 处不对", report.findings.len());
    say("全部相符");
    Ok(())
}

async fn reproject(place: Place) -> anyhow::Result<()> {
    let store = admin::open_existing(&place.database()).await?;
    let records = admin::reproject(&*store).await?;
    store.close().await;
    say(&format!("重算了 {records} 份记录"));
    Ok(())
}

async fn compact(options: CompactOptions) -> anyhow::Result<()> {
    let store = admin::open_existing(&options.place.database()).await?;
    let now = SystemClock.now();
    let done = compaction::compact_at_once(&*store, now, options.after_days).await?;
    store.close().await;
    say(&format!(
        "压缩了 {} 份记录的 {} 条变更：{} 字节变为 {} 字节；清理了 {} 个旧信封编号",
        done.records, done.changes, done.change_bytes, done.pack_bytes, done.envelopes
    ));
    Ok(())
}

async fn reset_second_factor(options: LoginOptions) -> anyhow::Result<()> {
    let store = admin::open_existing(&options.place.database()).await?;
    admin::second_factor::reset(&*store, &options.login, SystemClock.now()).await?;
    store.close().await;
    say("两步验证已取消。下次登录只要口令，请马上重新设置。");
    Ok(())
}

async fn backup(options: BackupOptions) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let source = backup_source(&options.place, options.blobs.as_deref()).await?;
    let mut backup = Backup::at(BackupPlace::open(&options.to, true).await?).await?;
    let taken = backup.take(&source, now).await?;
    say(&match taken.is_unchanged {
        true => "与上次备份相同，没有新内容".to_owned(),
        false => format!(
            "备份好了：数据库 {} 字节，新写 {} 块（{} 字节）；照片新增 {} 张",
            taken.bytes, taken.chunks, taken.chunk_bytes, taken.pictures
        ),
    });
    if let Some(days) = options.keep_days {
        let thinned = backup.place().thin(Timestamp::from_millisecond(now.0)?, days).await?;
        say(&format!("清理了 {} 个旧时间点、{} 块", thinned.moments, thinned.chunks));
    }
    anyhow::ensure!(taken.lost_pictures == 0, "有 {} 张照片丢失或已损坏，不在备份里", taken.lost_pictures);
    Ok(())
}

/// What a backup is taken of: a database file and its pictures.
async fn backup_source(place: &Place, blobs: Option<&str>) -> anyhow::Result<Source> {
    let Database::Sqlite(database) = place.database() else {
        anyhow::bail!(
            "Postgres 请用它自己的备份（pg_basebackup 和 WAL 归档）；恢复后运行 renew-generation。"
        );
    };
    anyhow::ensure!(database.is_file(), "{} 里没有数据。请检查 --data。", place.data.display());
    Ok(Source { database, pictures: open_blobs(blobs, &place.data).await? })
}

async fn restore(options: RestoreOptions) -> anyhow::Result<()> {
    let from = BackupPlace::open(&options.from, false).await?;
    let data = &options.data;
    std::fs::create_dir_all(data).with_context(|| format!("建不了文件夹 {}", data.display()))?;
    let is_empty = std::fs::read_dir(data)?.next().is_none();
    anyhow::ensure!(is_empty, "{} 不是空文件夹。请恢复到一个新文件夹。", data.display());
    let blobs = open_blobs(options.blobs.as_deref(), data).await?;
    let restored = admin::backup::restore(&from, options.at, data, &blobs).await?;
    say(&format!(
        "恢复到 {} 的状态：数据库 {} 字节，照片 {} 张。请先运行 verify --deep，再启动服务器；手机会补传这之后的内容。",
        restored.moment.taken_at, restored.moment.bytes, restored.pictures
    ));
    anyhow::ensure!(restored.lost_pictures == 0, "有 {} 张照片恢复不了", restored.lost_pictures);
    Ok(())
}

async fn renew_generation(place: Place) -> anyhow::Result<()> {
    let store = admin::open_existing(&place.database()).await?;
    let districts = admin::generation::renew_all(&*store, &SystemEntropy, SystemClock.now()).await?;
    store.close().await;
    say(&format!("{districts} 个区县换了代号：手机下次同步时会重新读取，并补传这里没有的内容。"));
    Ok(())
}

/// Says it to whoever typed the command.
#[expect(clippy::print_stdout, reason = "this is what the command was typed for")]
fn say(text: &str) {
    println!("{}", text.trim_end());
}

async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    let data = &options.place.data;
    tokio::fs::create_dir_all(data)
        .await
        .with_context(|| format!("cannot make the data folder {}", data.display()))?;
    let database = options.place.database();
    let store = database.open().await.with_context(|| format!("cannot open the database {database}"))?;
    let bounds = options.bounds();
    let listener = listen(options.listen).await?;
    let address = listener.local_addr()?;
    let public_url = options.public_url.unwrap_or_else(|| format!("http://{address}"));
    let pages = read_pages(options.web.as_deref(), data).await?;
    let blobs = open_blobs(options.blobs.as_deref(), data).await?;
    let shown = match options.metrics_listen {
        Some(address) => Some((listen(address).await?, metrics::install()?)),
        None => None,
    };
    let high_water = HighWater::check(data.join(HIGH_WATER), store.clone()).await;
    let app = App::on_this_machine(options.limits, store.clone(), public_url, blobs);
    tokio::spawn(high_water.clone().keep(app.ledger.listen()));
    let sweeper = tokio::spawn(keep_sweeping(app.clone()));
    let backups = match &options.backup {
        None => None,
        Some(address) => {
            let source = backup_source(&options.place, options.blobs.as_deref()).await?;
            let every = Duration::from_secs(60 * u64::from(options.backup_every.max(1)));
            let backups = keep_backing_up(address.clone(), source, every, options.backup_keep_days);
            Some(tokio::spawn(backups))
        }
    };
    projection::start(app.store.clone(), &app.ledger);
    let compactor = compaction::start(app.store.clone(), app.clock.clone(), options.compact_after_days);
    let stop = told_to_stop();
    announce(address, &app.public_url);
    if let Some((listener, numbers)) = shown {
        say(&format!("监控  http://{}/metrics", listener.local_addr()?));
        let router = metrics::listener::router(app.clone(), numbers);
        tokio::spawn(axum::serve(listener, router).into_future());
    }
    listener::serve(listener, http::router(app.clone(), pages), bounds, stop).await?;
    sweeper.abort();
    compactor.abort();
    if let Some(backups) = backups {
        backups.abort();
    }
    // A supervisor does not wait for ever, and what is not put away is only read again.
    if tokio::time::timeout(PUT_AWAY_WITHIN, app.ledger.put_away()).await.is_err() {
        tracing::warn!("not everything was put away");
    }
    high_water.note(|_| true).await;
    store.close().await;
    Ok(())
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Where the pictures are: a bucket, another folder, or that of the data folder.
async fn open_blobs(address: Option<&str>, data: &Path) -> anyhow::Result<BlobPlace> {
    match address {
        Some(address) if address.contains("://") => BlobPlace::bucket(address, std::env::vars())
            .await
            .context("cannot use the bucket of the pictures"),
        folder => {
            let folder = folder.map_or_else(|| data.join(BLOBS), PathBuf::from);
            BlobPlace::folder(&folder).with_context(|| format!("cannot use the folder {}", folder.display()))
        }
    }
}

/// The pages, with the hashed files of earlier builds beside them.
async fn read_pages(folder: Option<&Path>, data: &Path) -> anyhow::Result<Pages> {
    let (folder, kept) = (folder.map(Path::to_owned), data.join(WEB_ASSETS));
    let read = move || {
        let mut pages = match &folder {
            Some(folder) => Pages::from_folder(folder)
                .with_context(|| format!("cannot read the pages in {}", folder.display()))?,
            None => Pages::built_in().context("cannot read the pages")?,
        };
        pages
            .keep_assets(&kept, SystemClock.now())
            .with_context(|| format!("cannot keep the pages' files in {}", kept.display()))?;
        anyhow::Ok(pages)
    };
    tokio::task::spawn_blocking(read).await?
}

/// Says where the server listens and where people find it, to them and to whoever started it.
#[expect(clippy::print_stdout, reason = "the addresses are what the command has to say")]
fn announce(address: SocketAddr, public_url: &str) {
    tracing::info!(%address, phone = %format!("{public_url}/"), console = %format!("{public_url}/console/"), "listening");
    println!("支部簿服务器已启动： http://{address}");
    println!("手机  {public_url}/\n审阅台  {public_url}/console/");
}

/// Ends at Ctrl-C, and at the SIGTERM of a service supervisor. Listens from the call on, so that nobody who has read the
/// address is too early.
fn told_to_stop() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    async move {
        let interrupted = tokio::signal::ctrl_c();
        #[cfg(unix)]
        match terminated {
            Ok(mut terminated) => {
                tokio::select! { _ = interrupted => {}, _ = terminated.recv() => {} }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot listen for SIGTERM; Ctrl-C still works");
                let _ = interrupted.await;
            }
        }
        #[cfg(not(unix))]
        let _ = interrupted.await;
        tracing::info!("stopping");
    }
}
