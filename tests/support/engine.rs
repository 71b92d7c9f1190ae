//! Jobs for connectors, and everything that was heard of them.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use vestibule::base::http_client::{AddressPolicy, GuardedClient, Resolver};
use vestibule::base::rng::Rng;
use vestibule::connectors::{Connector, ConnectorFile};
use vestibule::engines::{
    Canceller, Catalog, ChosenStream, ConnectorEvent, EngineRequest, Engines, EventSender, Failure, HostKey, Level,
    ReadEnd, Record, SyncType,
};
use vestibule::platform::app::engine_settings;
use vestibule::platform::config::Config;
use vestibule::schema::form::{FinalConfig, Values, complete, import_config};

use super::CANARY;

/// What runs connectors, in a folder of its own.
pub struct Place {
    pub engines: Engines,
    _dir: TempDir,
}

/// Everything a run told.
#[derive(Default)]
pub struct Told {
    pub lines: Vec<(Level, String)>,
    pub records: Vec<Record>,
    pub states: Vec<Value>,
    pub updates: Vec<vestibule::schema::form::Submission>,
    pub progress: Vec<String>,
    pub host_keys: Vec<HostKey>,
    /// Most bytes of records that came at once.
    pub largest: usize,
}

/// A connector, its configuration and how long it may take.
pub struct Task {
    pub connector: std::sync::Arc<Connector>,
    pub config: FinalConfig,
    pub limit: Duration,
    pub canceller: Canceller,
    /// Whether it is cancelled as soon as it has said something.
    pub interrupted: bool,
    /// The host key of a jump server that is known.
    pub host_key: Option<HostKey>,
}

impl Place {
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// With settings of the test's own.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut source: std::collections::BTreeMap<String, String> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        source.insert("VESTIBULE_DATA_DIR".to_owned(), dir.path().to_str().unwrap().to_owned());
        #[allow(clippy::disallowed_methods, reason = "connectors are looked for where the tests find theirs")]
        source.insert("PATH".to_owned(), std::env::var("PATH").unwrap());
        let config = Config::from_source(&source).unwrap();
        let policy = AddressPolicy::with_open(config.connectors.allow.clone());
        let client = GuardedClient::new(policy, Resolver::System, config.mail.extra_ca_file.as_deref()).unwrap();
        let engines = Engines::new(engine_settings(&config), client, Rng::System)
            .launched_by(env!("CARGO_BIN_EXE_vestibule").into());
        Self { engines, _dir: dir }
    }

    pub async fn check(&self, task: &Task) -> (Result<(), Failure>, Told) {
        let (job, receiver) = task.job();
        both(self.engines.check(&job), receiver, task).await
    }

    pub async fn discover(&self, task: &Task) -> (Result<Catalog, Failure>, Told) {
        let (job, receiver) = task.job();
        both(self.engines.discover(&job), receiver, task).await
    }

    pub async fn read(
        &self,
        task: &Task,
        chosen: &[ChosenStream],
        state: Option<&Value>,
    ) -> (Result<ReadEnd, Failure>, Told) {
        let (job, receiver) = task.job();
        both(self.engines.read(&job, chosen, state), receiver, task).await
    }

    /// The folders of runs that are still there.
    pub fn left_behind(&self) -> usize {
        std::fs::read_dir(self.engines.runs_dir()).map_or(0, Iterator::count)
    }
}

/// The work and, beside it, everything it tells.
async fn both<T>(
    work: impl Future<Output = Result<T, Failure>>,
    mut receiver: tokio::sync::mpsc::Receiver<ConnectorEvent>,
    task: &Task,
) -> (Result<T, Failure>, Told) {
    let mut told = Told::default();
    let mut work = std::pin::pin!(work);
    let done = loop {
        tokio::select! {
            biased;
            Some(event) = receiver.recv() => {
                told.take(event);
                if task.interrupted && !told.lines.is_empty() {
                    task.canceller.cancel();
                }
            }
            done = &mut work => break done,
        }
    };
    while let Ok(event) = receiver.try_recv() {
        told.take(event);
    }
    told.holds_no_secret();
    if let Err(failure) = &done {
        assert!(!format!("{failure:?}").contains(CANARY), "{failure:?}");
    }
    (done, told)
}

impl Told {
    fn take(&mut self, event: ConnectorEvent) {
        match event {
            ConnectorEvent::Log { level, text } => self.lines.push((level, text)),
            ConnectorEvent::Records(records) => {
                self.largest = self.largest.max(records.iter().map(|record| record.data.len()).sum());
                self.records.extend(records);
            }
            ConnectorEvent::State(state) => self.states.push(state),
            ConnectorEvent::ConfigUpdate(update) => self.updates.push(update),
            ConnectorEvent::Progress(text) => self.progress.push(text),
            ConnectorEvent::HostKey(key) => self.host_keys.push(key),
        }
    }

    fn holds_no_secret(&self) {
        let all = format!("{:?} {:?}", self.lines, self.progress);
        assert!(!all.contains(CANARY), "{all}");
    }

    pub fn log(&self) -> String {
        self.lines.iter().map(|(level, text)| format!("{}: {text}\n", level.as_str())).collect()
    }

    /// The records of one chosen stream as text.
    pub fn of(&self, stream: usize) -> Vec<String> {
        let of = self.records.iter().filter(|record| record.stream == stream);
        of.map(|record| String::from_utf8(record.data.clone()).unwrap()).collect()
    }
}

impl Task {
    /// A connector of that file with that configuration.
    pub fn new(file: Value, config: &Value) -> Self {
        let file: ConnectorFile = serde_json::from_value(file).unwrap();
        assert!(file.problems().is_empty(), "{:?}", file.problems());
        Self::of(Connector::new(file, true).unwrap(), config)
    }

    pub fn of(connector: std::sync::Arc<Connector>, config: &Value) -> Self {
        let mut values = Values::default();
        import_config(&connector.spec, config).unwrap().merge_into(&connector.spec, &mut values);
        let completion = complete(&connector.spec, &values);
        let config = completion.config.clone().unwrap_or_else(|| panic!("{completion:?}"));
        Self {
            connector,
            config,
            limit: Duration::from_secs(60),
            canceller: Canceller::new().0,
            interrupted: false,
            host_key: None,
        }
    }

    /// The connector of `connector.py` in that mode.
    pub fn script(mode: &str) -> Self {
        Self::script_with(mode, &json!({"token": format!("{CANARY}/\"+ä {CANARY}")}))
    }

    pub fn script_with(mode: &str, config: &Value) -> Self {
        Self::new(script_file(mode), config)
    }

    pub fn knowing(mut self, host_key: &HostKey) -> Self {
        self.host_key = Some(host_key.clone());
        self
    }

    pub fn within(mut self, seconds: u64) -> Self {
        self.limit = Duration::from_secs(seconds);
        self
    }

    pub fn interrupted(mut self) -> Self {
        self.interrupted = true;
        self
    }

    fn job(&self) -> (EngineRequest<'_>, tokio::sync::mpsc::Receiver<ConnectorEvent>) {
        let (events, receiver) = EventSender::channel();
        let cancel = self.canceller.listen();
        let request = EngineRequest {
            connector: &self.connector,
            config: &self.config,
            connection: "",
            host_key: self.host_key.as_ref(),
            events,
            cancel,
            time_limit: self.limit,
        };
        (request, receiver)
    }
}

/// The connector file of `connector.py` in that mode.
pub fn script_file(mode: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/connector.py");
    json!({
        "slug": "corner-shop", "name": "Corner Shop", "kind": "source",
        "spec": {
            "type": "object", "required": ["token"],
            "properties": {
                "token": {"type": "string", "airbyte_secret": true},
                "count": {"type": "integer", "default": 5},
            },
        },
        "runtime": {"type": "airbyte", "command": ["python3", script, mode]},
    })
}

/// Chosen as it was discovered.
pub fn chosen(catalog: &Catalog, name: &str, sync_type: SyncType) -> ChosenStream {
    let stream = catalog.streams.iter().find(|stream| stream.name == name).unwrap().clone();
    ChosenStream { primary_key: stream.primary_key.clone(), stream, sync_type, cursor: None, fields: None }
}

/// Whether a process is there and no mere memory of one.
pub fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim().is_empty() && !rest.trim().starts_with('Z'))
}
