//! The product in this process, with one more route: a fixed answer of a chosen size behind the same middleware.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock};

use actix_web::middleware::{Compress, from_fn};
use actix_web::{HttpResponse, HttpServer, web};
use tempfile::TempDir;
use vestibule::base::clock::Clock;
use vestibule::base::crypto::PlainToken;
use vestibule::base::crypto::password::Cost;
use vestibule::base::rng::Rng;
use vestibule::connectors::Kind;
use vestibule::features::accounts::{self, NewOwner};
use vestibule::features::connections::{self, NewDraft};
use vestibule::features::setup_links::{self, LinkLifetime, NewSetupLink};
use vestibule::platform::activity::Actor;
use vestibule::platform::app::App;
use vestibule::platform::config::Config;
use vestibule::platform::web::{cookies, headers, request_log};
use vestibule::server::routes;

pub struct Site {
    pub app: Arc<App>,
    pub address: SocketAddr,
    pub dir: TempDir,
    pub fixed: Arc<OnceLock<Vec<u8>>>,
}

impl Site {
    pub fn start() -> Self {
        // On the disk that holds the build, not in memory: a commit must cost what it costs.
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let settings = [("VESTIBULE_DATA_DIR", dir.path().to_str().unwrap()), ("VESTIBULE_RATE_LIMITS", "off")];
        let settings: std::collections::BTreeMap<String, String> =
            settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let config = Config::from_source(&settings).unwrap();
        let app = App::build_with(config, Clock::System, Rng::System, Cost::Cheap).unwrap();
        let fixed = Arc::new(OnceLock::new());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (data, answer) = (web::Data::from(Arc::clone(&app)), Arc::clone(&fixed));
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let build = move || {
                    let answer = Arc::clone(&answer);
                    let fixed = move || {
                        let answer = Arc::clone(&answer);
                        async move {
                            HttpResponse::Ok()
                                .content_type("text/html; charset=utf-8")
                                .body(answer.get().cloned().unwrap_or_default())
                        }
                    };
                    actix_web::App::new()
                        .app_data(data.clone())
                        .route("/bench/fixed", web::get().to(fixed))
                        .configure(routes::all)
                        .wrap(from_fn(cookies::send))
                        .wrap(Compress::default())
                        .wrap(from_fn(headers::add))
                        .wrap(from_fn(request_log::log))
                };
                HttpServer::new(build).listen(listener).unwrap().run().await.unwrap();
            });
        });
        Self { app, address, dir, fixed }
    }

    /// So many setup links, each for a draft of its own; their tokens.
    pub fn links(&self, connector: &str, count: usize) -> Vec<PlainToken> {
        let connector = self.app.connectors.find(Kind::Source, connector).unwrap();
        let name = format!("Bench {connector:p} {count}");
        self.app
            .write_blocking(move |tx| {
                let email = format!("{}@bench.example", tx.rng.text(b"abcdefghij", 12));
                let owner =
                    NewOwner { workspace_name: name, name: "Bench".to_owned(), email, password_hash: String::new() };
                let workspace = accounts::create_workspace_with_owner(tx, &owner)?;
                (0..count)
                    .map(|_| {
                        let new = NewDraft {
                            workspace: &workspace.id,
                            connector: &connector,
                            description: "",
                            creator: None,
                            actor: Actor::System,
                            form_nonce: None,
                        };
                        let connection = connections::create_draft(tx, new)?;
                        let lifetime = LinkLifetime::choose("7d", "", "", tx.now).unwrap();
                        let link = NewSetupLink {
                            connection: &connection,
                            creator: None,
                            actor: Actor::System,
                            lifetime,
                            recipient: "",
                            note: "",
                            allows_test: false,
                            form_nonce: None,
                            purpose: vestibule::features::setup_links::LinkPurpose::Fill,
                            asks: None,
                        };
                        Ok(setup_links::make(tx, link)?.1)
                    })
                    .collect()
            })
            .unwrap()
    }
}
