//! `serve`: the web server and the worker in one process, until somebody stops it.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::System;
use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{ExitResult, out};
use crate::features::accounts;
use crate::platform::app::App;
use crate::platform::config::{BaseUrl, Config};
use crate::platform::db::Conn;
use crate::platform::jobs;
use crate::platform::web::urls;
use crate::server::{self, RetentionSweep, Sweep};

/// How long the worker may finish what it has begun; another process takes over what is left when the lease ends.
const LAST_WORK: Duration = Duration::from_secs(15);

pub(super) fn run() -> ExitResult {
    let mut config = super::settings()?;
    let listener = listen(&mut config)?;
    let system = System::new();
    let stop = system.block_on(async { Stop::listen() })?;
    let app = App::build(config)?;
    system.block_on(async {
        let code = accounts::first_run_code(&app).await?;
        announce(&app, &listener)?;
        if let Some(code) = code {
            out::line("There is no workspace yet. Open this address to make the first one:");
            out::line(format_args!("  {}", app.config.server.base_url.join(&urls::setup_with_code(&code))));
        }
        run_until_stopped(&app, listener, stop).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Takes the port. With port 0 the system chooses one, and a base URL that nobody set follows it.
pub(super) fn listen(config: &mut Config) -> anyhow::Result<TcpListener> {
    let bind = config.server.bind;
    let listener = TcpListener::bind(bind).map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => {
                "another program uses this port: stop it, or choose another one with VESTIBULE_BIND"
            }
            ErrorKind::PermissionDenied => "this user may not use that port: choose one above 1023 with VESTIBULE_BIND",
            ErrorKind::AddrNotAvailable => "this machine has no such address: correct VESTIBULE_BIND",
            _ => "see VESTIBULE_BIND",
        };
        anyhow::anyhow!("cannot listen on {bind} ({error}): {advice}")
    })?;
    let port = listener.local_addr().context("asking for the port")?.port();
    if bind.port() == 0 && config.server.base_url == BaseUrl::local(8080) {
        config.server.base_url = BaseUrl::local(port);
    }
    Ok(listener)
}

/// Says where the product is; the address it listens on too, when nobody could know it.
pub(super) fn announce(app: &App, listener: &TcpListener) -> anyhow::Result<()> {
    let server = &app.config.server;
    out::line(format_args!("Vestibule is running at {}", server.base_url.origin()));
    let address = listener.local_addr()?;
    if server.bind.port() == 0 {
        out::line(format_args!("Listening on {address}"));
    }
    tracing::info!(address = %address, base_url = %server.base_url.origin(), database = %app.db.place().shown(), mail = %app.mailer.shown(), "running");
    Ok(())
}

/// Serves and works until the process is asked to stop; then finishes what was begun.
pub(super) async fn run_until_stopped(app: &Arc<App>, listener: TcpListener, mut asked: Stop) -> anyhow::Result<()> {
    let mut server = server::server(app, listener).context("starting the server")?;
    let handle = server.handle();
    let (stop, stopped) = watch::channel(false);
    let worker = actix_web::rt::spawn(work(Arc::clone(app), stopped));
    tokio::select! {
        // Only borrowed: a server that is dropped here breaks off the answers it is giving.
        ended = &mut server => ended.context("the server ended")?,
        signal = asked.wait() => {
            tracing::info!("stopping as asked by {signal}");
            let _ = stop.send(true);
            let ((), ended, ()) = tokio::join!(handle.stop(true), server, last_work(worker));
            return ended.context("stopping the server");
        }
    }
    let _ = stop.send(true);
    last_work(worker).await;
    Ok(())
}

async fn last_work(worker: JoinHandle<()>) {
    if tokio::time::timeout(LAST_WORK, worker).await.is_err() {
        tracing::warn!("the worker was still busy; what it left is done at the next start");
    }
}

/// The worker, until the channel says stop.
pub(super) async fn work(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let now = app.clock.now();
    let both = move |conn: &mut Conn| {
        jobs::ensure_recurring(conn, &Sweep, now)?;
        Ok(jobs::ensure_recurring(conn, &RetentionSweep, now)?)
    };
    let begun = app.db.write(both).await;
    if let Err(error) = begun {
        tracing::error!(error = %error, "the recurring jobs cannot be set up");
    }
    // An error means that the sender is gone: that is a stop, too.
    let stop = async move { drop(stopped.wait_for(|stop| *stop).await) };
    server::run_until(app, stop).await;
}

/// The wish to stop: SIGTERM or SIGINT. From [`Stop::listen`] on a signal is remembered, so that one that comes during the start
/// still ends the process in order.
pub(super) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    pub(super) fn listen() -> anyhow::Result<Self> {
        let terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
        let interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
        Ok(Self { terminate, interrupt })
    }

    /// Waits; gives the signal's name.
    pub(super) async fn wait(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
