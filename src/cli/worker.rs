//! `worker`: only what happens later, for installations with several processes.

use std::process::ExitCode;
use std::sync::Arc;

use actix_web::rt::System;
use tokio::sync::watch;

use super::{Ending, out, serve};
use crate::platform::app::App;
use crate::platform::db::DatabaseUrl;

pub(super) fn run() -> Ending {
    let config = super::settings()?;
    let system = System::new();
    let mut asked = system.block_on(async { serve::Stop::listen() })?;
    let app = App::build(config)?;
    if matches!(app.db.place(), DatabaseUrl::Sqlite(_)) {
        tracing::warn!(
            "an SQLite database serves one process well: `vestibule serve` works by itself; several processes need PostgreSQL"
        );
    }
    system.block_on(async {
        let (stop, stopped) = watch::channel(false);
        let worker = actix_web::rt::spawn(serve::work(Arc::clone(&app), stopped));
        out::line("The worker is running.");
        let signal = asked.wait().await;
        tracing::info!("stopping as asked by {signal}");
        let _ = stop.send(true);
        let _ = worker.await;
        Ok(ExitCode::SUCCESS)
    })
}
