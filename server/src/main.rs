//! The server binary: parse, open, serve.

use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser as _;
use tracing_subscriber::EnvFilter;
use zhibu_server::App;
use zhibu_server::config::{Command, Config, ServeOptions};
use zhibu_server::store::sqlite::SqliteStore;
use zhibu_server::{http, projection};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("ZHIBU_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    match Config::parse().command {
        Command::Serve(options) => serve(options).await,
    }
}

async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    tokio::fs::create_dir_all(&options.data)
        .await
        .with_context(|| format!("cannot make the data folder {}", options.data.display()))?;
    let store = SqliteStore::open(&options.database()).await.context("cannot open the database")?;
    let listener = tokio::net::TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("cannot listen on {}", options.listen))?;
    let address = listener.local_addr()?;
    let public_url = options.public_url.unwrap_or_else(|| format!("http://{address}"));
    let app = App::on_this_machine(Arc::new(store.clone()), public_url);
    projection::start(app.store.clone(), &app.ledger);
    announce(address);
    axum::serve(listener, http::router(app)).with_graceful_shutdown(told_to_stop()).await?;
    store.close().await;
    Ok(())
}

/// Says where the server listens, to people and to whoever started it.
#[expect(clippy::print_stdout, reason = "the address is what the command has to say")]
fn announce(address: std::net::SocketAddr) {
    tracing::info!(%address, "listening");
    println!("支部簿服务器已启动：http://{address}");
}

/// Ends at Ctrl-C, and at the SIGTERM of a service supervisor.
async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => {
                tokio::select! { _ = interrupted => {}, _ = terminated.recv() => {} }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot listen for SIGTERM; Ctrl-C still works");
                let _ = interrupted.await;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = interrupted.await;
    tracing::info!("stopping");
}
