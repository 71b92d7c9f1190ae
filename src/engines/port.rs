//! The face's verbs: which runtime a connector has, a free slot for it, what it must not tell.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::airbyte::Airbyte;
use super::dlt::{self, Dlt, Driver};
use super::engine::{Engine, NoEngine};
use super::hosts::{Hosts, OwnDatabase};
use super::http::Http;
use super::mask::Masks;
use super::postgres::{self, Postgres};
use super::run::{Deadline, EngineRun, EventSink};
use super::s3::{self, S3};
use super::{
    Ability, Cancel, Catalog, ChosenStream, EngineRequest, EventSender, Failure, HostKey, Load, LoadPlace, LoadTable,
    LoadTarget, Loading, ReadEnd, RecordLoad, known, process,
};
use crate::base::http_client::GuardedClient;
use crate::base::rng::Rng;
use crate::connectors::{AirbyteBlock, Connector, DltBlock, LimitsBlock, LoaderKind, RuntimeBlock};
use crate::schema::form::{FinalConfig, secret_values};

/// What runs connectors. Clones share the slots.
#[derive(Clone)]
pub struct Engines {
    /// The program that starts other programs with limits: this one.
    launcher: PathBuf,
    /// Where the folders of runs are.
    runs: PathBuf,
    environments: PathBuf,
    data_dir: PathBuf,
    path: String,
    container_engine: Option<String>,
    variables: Vec<(&'static str, String)>,
    rng: Rng,
    client: GuardedClient,
    hosts: Hosts,
    slots: Arc<Slots>,
}

/// How connectors are run in this installation.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Where the folders of runs are.
    pub runs: PathBuf,
    /// Where installed environments are; an absolute path.
    pub environments: PathBuf,
    /// The data folder, where destinations of this server are.
    pub data_dir: PathBuf,
    /// How many connectors check or discover at the same time, and how many read.
    pub concurrency: usize,
    /// Where the programs of connectors are looked for.
    pub path: String,
    /// The program that runs container images; `None`: images cannot be run.
    pub container_engine: Option<String>,
    /// Whether connectors may reach the public internet alone.
    pub only_public: bool,
    /// The `postgres://` URL of the server's own database, which nobody may connect; `None` when it is a file.
    pub own_database: Option<String>,
}

/// How many may run at the same time. Readings take long, so they have slots of their own.
struct Slots {
    questions: Semaphore,
    readings: Semaphore,
}

impl Engines {
    /// What runs connectors by these settings; `client` is the way out to addresses that people give.
    pub fn new(settings: EngineSettings, client: GuardedClient, rng: Rng) -> Self {
        let EngineSettings {
            runs,
            environments,
            data_dir,
            concurrency,
            path,
            container_engine,
            only_public,
            own_database,
        } = settings;
        process::sweep_runs(&runs);
        Self {
            launcher: PathBuf::from("/proc/self/exe"),
            runs,
            environments,
            data_dir,
            path,
            container_engine,
            // Connectors made with Airbyte's kit refuse plain http and private addresses themselves when they hear this.
            variables: only_public.then(|| ("DEPLOYMENT_MODE", "cloud".to_owned())).into_iter().collect(),
            rng,
            hosts: Hosts::new(client.clone(), own_database.as_deref().and_then(OwnDatabase::of)),
            client,
            slots: Arc::new(Slots { questions: Semaphore::new(concurrency), readings: Semaphore::new(concurrency) }),
        }
    }

    /// The same, with another program in the place of the running one: for tests, which are not this program.
    #[must_use]
    pub fn launched_by(self, launcher: PathBuf) -> Self {
        Self { launcher, ..self }
    }

    /// What can be done with a connector in this installation now: a program that is taken away, or put there, changes it.
    pub fn ability(&self, connector: &Connector) -> Ability {
        self.engine(connector).ability(connector)
    }

    /// Tells one program of a connector from the next where the operator has put it there and its file names no version: what the disk says
    /// of it. Empty for everything else.
    pub fn program_stamp(&self, connector: &Connector) -> String {
        match &connector.file.runtime {
            Some(RuntimeBlock::Airbyte(block)) if block.environment.is_none() && block.image.is_none() => {
                process::stamp(&block.command, &self.path)
            }
            _ => String::new(),
        }
    }

    /// What writes records to such a destination, in a sentence; empty: nothing here does.
    pub fn writer(&self, connector: &Connector) -> &'static str {
        match &connector.file.runtime {
            _ if !self.ability(connector).write => "",
            Some(RuntimeBlock::Dlt(_)) => "dlt, which is installed here, writes them.",
            _ => "Vestibule itself writes them.",
        }
    }

    /// The member of kept positions that the connector's engine writes and understands; `None`: it keeps none.
    pub fn position_member(&self, connector: &Connector) -> Option<&'static str> {
        self.engine(connector).position_member()
    }

    /// Checks a configuration against the real system: that it ends well means that the system answered.
    ///
    /// # Errors
    /// Why it does not work, or why nobody can say.
    pub async fn check(&self, job: &EngineRequest<'_>) -> Result<(), Failure> {
        let run = self.begin(job, &self.slots.questions).await?;
        run.say_left_out().await?;
        self.engine(run.connector).check(&run).await.map_err(|failure| run.sink.clean(failure))
    }

    /// Asks for the streams.
    ///
    /// # Errors
    /// Why they are not known.
    pub async fn discover(&self, job: &EngineRequest<'_>) -> Result<Catalog, Failure> {
        let run = self.begin(job, &self.slots.questions).await?;
        let found = self.engine(run.connector).discover(&run).await.map_err(|failure| run.sink.clean(failure))?;
        Ok(known::with_advice(found, run.connector))
    }

    /// Reads the chosen streams; `state` is the last saved [`super::ConnectorEvent::State`] of this connection, `None` on the first time.
    ///
    /// # Errors
    /// Why it ended early. Records that a state covers are good all the same.
    pub async fn read(
        &self,
        job: &EngineRequest<'_>,
        chosen: &[ChosenStream],
        state: Option<&Value>,
    ) -> Result<ReadEnd, Failure> {
        let run = self.begin(job, &self.slots.readings).await?;
        run.say_left_out().await?;
        self.engine(run.connector).read(&run, chosen, state).await.map_err(|failure| run.sink.clean(failure))
    }

    /// Where a finished configuration of a destination leads. `known` is the host key that the jump server of its SSH tunnel had the last
    /// time, when there is a tunnel and one is known; `connection` the connection's id.
    ///
    /// # Errors
    /// Why nothing can be written there.
    pub fn target(
        &self,
        connector: &Connector,
        config: &FinalConfig,
        known: Option<&HostKey>,
        connection: &str,
    ) -> Result<LoadPlace, Failure> {
        self.engine(connector).target(connector, config, known, connection)
    }

    /// Opens the way for records into a schema of PostgreSQL.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub async fn load(&self, target: &LoadTarget, loading: Loading, tables: Vec<LoadTable>) -> Result<Load, Failure> {
        postgres::open_load(&self.hosts, target, loading, tables).await.map_err(|failure| target.hide(failure))
    }

    /// Opens the way for records into any place.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub async fn load_into(
        &self,
        place: &LoadPlace,
        loading: Loading,
        tables: Vec<LoadTable>,
    ) -> Result<RecordLoad, Failure> {
        match place {
            LoadPlace::Postgres(target) => {
                self.load(target, loading, tables).await.map(|load| RecordLoad::Postgres(Box::new(load)))
            }
            LoadPlace::S3(target) => {
                let opened = s3::open(&self.hosts, &self.runs, &self.rng, target, loading, tables).await;
                opened.map(|load| RecordLoad::S3(Box::new(load))).map_err(|failure| target.hide(failure))
            }
            LoadPlace::Dlt(target) => {
                let opened = dlt::open(&self.hosts, target, loading, tables).await;
                opened.map(|load| RecordLoad::Dlt(Box::new(load))).map_err(|failure| target.hide(failure))
            }
        }
    }

    /// Sees whether dlt begins in an environment that has no place yet, with everything that a destination needs; gives its version.
    ///
    /// # Errors
    /// What is missing.
    pub async fn try_loader(&self, python: &Path, destination: LoaderKind) -> Result<String, Failure> {
        let driver = Driver::of(python, &self.launcher, &self.runs, &self.path, LimitsBlock::default(), &self.rng);
        dlt::try_out(&driver, destination).await
    }

    /// Sees whether a schema of PostgreSQL can be filled; gives what was found, in words.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn check_target(&self, target: &LoadTarget) -> Result<String, Failure> {
        postgres::check_target(&self.hosts, target).await.map_err(|failure| target.hide(failure))
    }

    /// Asks a program that speaks the Airbyte protocol for its `SPEC` message's content.
    ///
    /// # Errors
    /// Why it gave none.
    pub async fn spec(&self, block: &AirbyteBlock, time_limit: std::time::Duration) -> Result<Value, Failure> {
        let (events, mut heard) = EventSender::channel();
        let drain = tokio::spawn(async move { while heard.recv().await.is_some() {} });
        let sink = EventSink::new(events.clone(), Masks::new(&[]));
        let deadline = Deadline::from_now(events, Cancel::never(), time_limit);
        let spec = self.airbyte(block).spec(&sink, &deadline).await;
        drain.abort();
        spec.map_err(|failure| sink.clean(failure))
    }

    /// The engine of a connector.
    fn engine<'a>(&'a self, connector: &'a Connector) -> Box<dyn Engine + Send + 'a> {
        match &connector.file.runtime {
            None => Box::new(NoEngine),
            Some(RuntimeBlock::Airbyte(block)) => Box::new(self.airbyte(block)),
            Some(RuntimeBlock::Postgres(_)) => Box::new(Postgres { hosts: &self.hosts }),
            Some(RuntimeBlock::Http(block)) => Box::new(Http { client: &self.client, block }),
            Some(RuntimeBlock::S3(_)) => Box::new(S3 { hosts: &self.hosts, rng: &self.rng }),
            Some(RuntimeBlock::Dlt(block)) => Box::new(self.dlt(block)),
        }
    }

    fn airbyte<'a>(&'a self, block: &'a AirbyteBlock) -> Airbyte<'a> {
        Airbyte {
            block,
            hosts: &self.hosts,
            launcher: &self.launcher,
            runs: &self.runs,
            path: &self.path,
            environments: &self.environments,
            container_engine: self.container_engine.as_deref(),
            variables: &self.variables,
            rng: &self.rng,
        }
    }

    fn dlt<'a>(&'a self, block: &'a DltBlock) -> Dlt<'a> {
        Dlt {
            block,
            hosts: &self.hosts,
            launcher: &self.launcher,
            runs: &self.runs,
            path: &self.path,
            environments: &self.environments,
            data_dir: &self.data_dir,
            rng: &self.rng,
        }
    }

    async fn begin<'a>(&'a self, job: &EngineRequest<'a>, slots: &'a Semaphore) -> Result<EngineRun<'a>, Failure> {
        let sink = EventSink::new(job.events.clone(), Masks::new(&secret_values(&job.connector.spec, job.config)));
        let slot = match slots.try_acquire() {
            Ok(slot) => slot,
            Err(_) => self.wait(job, slots, &sink).await?,
        };
        let deadline = Deadline::from_now(job.events.clone(), job.cancel.clone(), job.time_limit);
        Ok(EngineRun {
            connector: job.connector,
            config: job.config,
            host_key: job.host_key,
            connection: job.connection,
            sink,
            deadline,
            _slot: slot,
        })
    }

    async fn wait<'a>(
        &self,
        job: &EngineRequest<'_>,
        slots: &'a Semaphore,
        sink: &EventSink,
    ) -> Result<SemaphorePermit<'a>, Failure> {
        sink.progress("Waiting until another connector is done").await?;
        tokio::select! {
            () = job.cancel.cancelled() => Err(Failure::cancelled()),
            () = job.events.closed() => Err(Failure::cancelled()),
            place = slots.acquire() => place.map_err(|_| Failure::cancelled()),
        }
    }

    /// Where the folders of runs are.
    pub fn runs_dir(&self) -> &Path {
        &self.runs
    }
}

impl std::fmt::Debug for Engines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engines").field("launcher", &self.launcher).field("runs", &self.runs).finish_non_exhaustive()
    }
}
