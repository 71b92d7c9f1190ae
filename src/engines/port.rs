//! The face's verbs: which runtime a connector has, a free place for it, what it must not tell.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::airbyte::{Airbyte, Given, Setting};
use super::hosts::{Hosts, OwnDatabase};
use super::mask::Masks;
use super::work::{Ends, Teller};
use super::{
    Ability, Cancel, Catalog, Checked, Chosen, Events, Failure, Job, Level, Load, LoadTable, Loading, ReadEnd, Target,
    folder, http, known, postgres,
};
use crate::base::http_client::GuardedClient;
use crate::base::rng::Rng;
use crate::connectors::{AirbyteBlock, Connector, RuntimeBlock};
use crate::schema::form::secret_values;

/// What runs connectors. Clones share the places.
#[derive(Clone)]
pub struct Runtimes {
    /// The program that starts other programs with limits: this one.
    launcher: PathBuf,
    /// Where the folders of runs are.
    runs: PathBuf,
    path: String,
    engine: Option<String>,
    variables: Vec<(&'static str, String)>,
    rng: Rng,
    client: GuardedClient,
    hosts: Hosts,
    places: Arc<Places>,
}

/// How connectors are run in this installation.
#[derive(Debug, Clone)]
pub struct RuntimeSettings {
    /// Where the folders of runs are.
    pub runs: PathBuf,
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

/// How many may run at the same time. Readings take long, so they have places of their own.
struct Places {
    questions: Semaphore,
    readings: Semaphore,
}

impl Runtimes {
    /// What runs connectors by these settings; `client` is the way out to addresses that people give.
    pub fn new(settings: RuntimeSettings, client: GuardedClient, rng: Rng) -> Self {
        let RuntimeSettings { runs, concurrency, path, container_engine, only_public, own_database } = settings;
        folder::sweep(&runs);
        Self {
            launcher: PathBuf::from("/proc/self/exe"),
            runs,
            path,
            engine: container_engine,
            // Connectors made with Airbyte's kit refuse plain http and private addresses themselves when they hear this.
            variables: only_public.then(|| ("DEPLOYMENT_MODE", "cloud".to_owned())).into_iter().collect(),
            rng,
            hosts: Hosts::new(client.clone(), own_database.as_deref().and_then(OwnDatabase::of)),
            client,
            places: Arc::new(Places { questions: Semaphore::new(concurrency), readings: Semaphore::new(concurrency) }),
        }
    }

    /// The same, with another program in the place of the running one: for tests, which are not this program.
    #[must_use]
    pub fn launched_by(self, launcher: PathBuf) -> Self {
        Self { launcher, ..self }
    }

    /// What can be done with a connector in this installation.
    pub fn ability(&self, connector: &Connector) -> Ability {
        match &connector.file.runtime {
            None => Ability { checks: false, reads: false },
            Some(RuntimeBlock::Http(_)) => Ability { checks: true, reads: false },
            Some(RuntimeBlock::Postgres(_) | RuntimeBlock::Airbyte(_)) => Ability { checks: true, reads: true },
        }
    }

    /// Checks a configuration against the real system.
    ///
    /// # Errors
    /// Why it does not work, or why nobody can say.
    pub async fn check(&self, job: &Job<'_>) -> Result<Checked, Failure> {
        let work = self.begin(job, &self.places.questions).await?;
        let done = match &job.connector.file.runtime {
            None => work.spec_only().await,
            Some(RuntimeBlock::Airbyte(block)) => {
                let airbyte = self.airbyte(block, &work);
                let given = given(job);
                async {
                    work.ends.guard(self.hosts.judge_all(job.config.expose())).await?;
                    work.teller.progress(&format!("Asking {}", job.connector.name())).await?;
                    airbyte.check(given).await.map(|()| Checked::Asked)
                }
                .await
            }
            Some(RuntimeBlock::Postgres(_)) => {
                let check = postgres::check(&self.hosts, job.config, &work.teller);
                work.ends.guard(check).await.map(|()| Checked::Asked)
            }
            Some(RuntimeBlock::Http(block)) => {
                work.ends.guard(http::check(&self.client, block, job.config, &work.teller)).await
            }
        };
        done.map_err(|failure| work.teller.clean(failure))
    }

    /// Asks for the streams.
    ///
    /// # Errors
    /// Why they are not known.
    pub async fn discover(&self, job: &Job<'_>) -> Result<Catalog, Failure> {
        let work = self.begin(job, &self.places.questions).await?;
        let done = match &job.connector.file.runtime {
            None | Some(RuntimeBlock::Http(_)) => Ok(known::catalog(job.connector, job.config)),
            Some(RuntimeBlock::Airbyte(block)) => {
                let airbyte = self.airbyte(block, &work);
                let given = given(job);
                async {
                    work.ends.guard(self.hosts.judge_all(job.config.expose())).await?;
                    work.teller.progress("Asking for the streams").await?;
                    airbyte.discover(given).await
                }
                .await
            }
            Some(RuntimeBlock::Postgres(_)) => {
                work.ends.guard(postgres::discover(&self.hosts, job.config, &work.teller)).await
            }
        };
        done.map_err(|failure| work.teller.clean(failure))
    }

    /// Reads the chosen streams; `state` is the last saved [`super::Event::State`] of this connection, `None` on the first time.
    ///
    /// # Errors
    /// Why it ended early. Records that a state covers are good all the same.
    pub async fn read(&self, job: &Job<'_>, chosen: &[Chosen], state: Option<&Value>) -> Result<ReadEnd, Failure> {
        let work = self.begin(job, &self.places.readings).await?;
        let done = match &job.connector.file.runtime {
            None | Some(RuntimeBlock::Http(_)) => Err(known::cannot_be_read(job.connector)),
            Some(RuntimeBlock::Airbyte(block)) => {
                let airbyte = self.airbyte(block, &work);
                let given = given(job);
                async {
                    work.ends.guard(self.hosts.judge_all(job.config.expose())).await?;
                    airbyte.read(given, chosen, state).await
                }
                .await
            }
            Some(RuntimeBlock::Postgres(_)) => {
                work.ends.guard(postgres::read(&self.hosts, job.config, chosen, state, &work.teller)).await
            }
        };
        done.map_err(|failure| work.teller.clean(failure))
    }

    /// Opens the way for records into a schema of PostgreSQL.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub async fn load(&self, target: &Target, loading: Loading, tables: Vec<LoadTable>) -> Result<Load, Failure> {
        postgres::open_load(&self.hosts, target, loading, tables).await.map_err(|failure| target.hide(failure))
    }

    /// Sees whether a schema of PostgreSQL can be filled; gives what was found, in words.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn check_target(&self, target: &Target) -> Result<String, Failure> {
        postgres::check_target(&self.hosts, target).await.map_err(|failure| target.hide(failure))
    }

    /// Asks a program that speaks the Airbyte protocol for its `SPEC` message's content.
    ///
    /// # Errors
    /// Why it gave none.
    pub async fn spec(&self, block: &AirbyteBlock, time_limit: std::time::Duration) -> Result<Value, Failure> {
        let (events, mut heard) = Events::channel();
        let drain = tokio::spawn(async move { while heard.recv().await.is_some() {} });
        let ends = Ends::from_now(events.clone(), Cancel::never(), time_limit);
        let work = Work { teller: Teller::new(events, Masks::new(&[])), ends, _place: None };
        let spec = self.airbyte(block, &work).spec().await;
        drain.abort();
        spec.map_err(|failure| work.teller.clean(failure))
    }

    async fn begin<'a>(&'a self, job: &Job<'_>, places: &'a Semaphore) -> Result<Work<'a>, Failure> {
        let masks = Masks::new(&secret_values(&job.connector.spec, job.config));
        let teller = Teller::new(job.events.clone(), masks);
        let place = match places.try_acquire() {
            Ok(place) => Some(place),
            Err(_) => Some(self.wait(job, places, &teller).await?),
        };
        let ends = Ends::from_now(job.events.clone(), job.cancel.clone(), job.time_limit);
        Ok(Work { teller, ends, _place: place })
    }

    async fn wait<'a>(
        &self,
        job: &Job<'_>,
        places: &'a Semaphore,
        teller: &Teller,
    ) -> Result<SemaphorePermit<'a>, Failure> {
        teller.progress("Waiting until another connector is done").await?;
        tokio::select! {
            () = job.cancel.cancelled() => Err(Failure::cancelled()),
            () = job.events.closed() => Err(Failure::cancelled()),
            place = places.acquire() => place.map_err(|_| Failure::cancelled()),
        }
    }

    fn airbyte<'a>(&'a self, block: &'a AirbyteBlock, work: &Work<'_>) -> Airbyte<'a> {
        let setting = Setting {
            launcher: &self.launcher,
            runs: &self.runs,
            path: &self.path,
            engine: self.engine.as_deref(),
            variables: &self.variables,
            rng: &self.rng,
        };
        Airbyte { block, setting, teller: work.teller.clone(), ends: work.ends.clone() }
    }

    /// Where the folders of runs are.
    pub fn runs_dir(&self) -> &Path {
        &self.runs
    }
}

fn given<'a>(job: &Job<'a>) -> Given<'a> {
    Given { spec: &job.connector.spec, config: job.config }
}

/// A job that has its place.
struct Work<'a> {
    teller: Teller,
    ends: Ends,
    _place: Option<SemaphorePermit<'a>>,
}

impl Work<'_> {
    async fn spec_only(&self) -> Result<Checked, Failure> {
        let text = "There is no way to ask the real system about this connector here, so the details were only checked against its specification.";
        self.teller.log(Level::Warn, text).await?;
        Ok(Checked::SpecOnly)
    }
}

impl std::fmt::Debug for Runtimes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtimes").field("launcher", &self.launcher).field("runs", &self.runs).finish_non_exhaustive()
    }
}
