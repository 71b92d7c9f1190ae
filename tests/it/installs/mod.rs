//! Installing connectors in the browser, from a package index of the tests.

mod gates;
mod journey;
mod worker;

use diesel::prelude::*;
use vestibule::features::installs;
use vestibule::platform::db::schema::{activity, connector_installs};

use crate::support::wheels::WheelFolder;
use crate::support::{Page, TestApp, Visitor};

pub const PAGE: &str = "/connectors/source/facebook-ads";
pub const PACKAGE: &str = "airbyte-source-facebook-marketing";

pub fn act(act: &str) -> String {
    format!("{PAGE}/installing/{act}")
}

/// A product where installing is switched on, with a package index of its own.
pub struct Site {
    pub app: TestApp,
    pub wheels: WheelFolder,
    _dir: tempfile::TempDir,
}

impl Site {
    /// `None` without a Python.
    pub fn start() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let wheels = WheelFolder::beside(dir.path())?;
        let app = TestApp::start_with(|config| {
            config.connectors.install = true;
            config.connectors.path = wheels.path();
            config.connectors.tool_variables = wheels.variables();
        });
        Some(Self { app, wheels, _dir: dir })
    }

    /// Does what waits for this data folder, a moment later.
    pub async fn work(&self) -> usize {
        self.app.advance(time::Duration::seconds(1));
        installs::run_due(&self.app.app).await.unwrap()
    }
}

/// Goes to the page that asks, agrees where that is asked, and presses its button.
pub async fn press(owner: &Visitor, what: &str) -> Page {
    let form = owner.get(&act(what)).await.form_to(&act(what));
    let form = if what == "install" { form.set("agree", "yes") } else { form };
    form.send(owner).await
}

/// What stands in the table: what was asked for, how far it is, how often it was taken.
pub async fn rows(app: &TestApp) -> Vec<(String, String, i32)> {
    let columns = (connector_installs::act, connector_installs::state, connector_installs::tries);
    app.app.db.read(move |conn| Ok(connector_installs::table.select(columns).load(conn)?)).await.unwrap()
}

/// The events about connectors, in their order.
pub async fn events(app: &TestApp) -> Vec<String> {
    let all = activity::table.filter(activity::event.like("connector.%")).order((activity::at, activity::id));
    app.app.db.read(move |conn| Ok(all.select(activity::event).load(conn)?)).await.unwrap()
}
