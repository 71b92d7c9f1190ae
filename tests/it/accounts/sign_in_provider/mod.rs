//! Signing in through a workspace's own identity provider: a scripted one that lies, and a real one.

mod access;
mod journey;
mod pages;
mod passwords;
mod proofs;
mod real;
mod refusals;
mod scripted;
mod settings;

use std::collections::BTreeMap;

use vestibule::platform::config::Config;

use self::scripted::Idp;
use crate::support::oauth_server::{CLIENT_ID, CLIENT_SECRET};
use crate::support::receiver::authority_file;
use crate::support::{Page, TestApp, Visitor};

const SETTINGS: &str = "/settings/sign-in";
const WITH: &str = "/sign-in/with/acme-analytics";

fn trusting(config: &mut Config) {
    config.mail.extra_ca_file = Some(authority_file(&config.storage.data_dir));
    config.sign_in.allow = vec!["127.0.0.0/8".parse().unwrap()];
}

/// A product with an owner, and a provider on loopback that it may ask.
struct Scene {
    app: TestApp,
    owner: Visitor,
    idp: Idp,
}

impl Scene {
    /// Nothing is set up yet.
    async fn bare() -> Self {
        let app = TestApp::start_with(trusting);
        let owner = app.owner().await;
        Self { app, owner, idp: Idp::start() }
    }

    /// The provider is set up and tested.
    async fn new() -> Self {
        let scene = Self::bare().await;
        save(&scene.owner, &scene.idp.issuer(), &[]).await;
        scene.test().await;
        scene
    }

    /// The owner's own way through the provider.
    async fn test(&self) {
        let done = self.back_from(&self.owner, &begin_test(&self.owner).await).await;
        assert_eq!((done.status, done.location().as_deref()), (303, Some(SETTINGS)), "{}", done.text());
        assert!(self.owner.follow(&done).await.text().contains("It works."));
    }

    /// Comes back from the provider with what it was sent off with.
    async fn back_from(&self, visitor: &Visitor, leaving: &Leaving) -> Page {
        self.idp.says(|script| script.claims["nonce"] = leaving.sent["nonce"].clone().into());
        visitor.get(&leaving.callback(&self.idp.issuer())).await
    }

    /// Signs somebody in through the button.
    async fn through(&self, visitor: &Visitor) -> Page {
        self.back_from(visitor, &begin(visitor).await).await
    }

    /// The same in a fresh browser, as a person the provider says.
    async fn as_person(&self, subject: &str, email: &str) -> (Visitor, Page) {
        self.idp.person(subject, email, "Some Body");
        let visitor = self.app.visitor();
        let page = self.through(&visitor).await;
        (visitor, page)
    }

    async fn switch_passwords_off(&self) {
        let form = self.owner.get(SETTINGS).await.form_to("/settings/sign-in/passwords");
        let done = form.set("passwords", "off").send(&self.owner).await;
        assert_eq!(done.status, 303, "{}", done.text());
    }
}

/// Fills in the settings' form.
async fn save(owner: &Visitor, issuer: &str, fields: &[(&str, &str)]) -> Page {
    let usual = [
        ("label", "Acme Login"),
        ("issuer", issuer),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("domains", ""),
        ("newcomers", "refuse"),
    ];
    let form = owner.get(SETTINGS).await.form_with("issuer");
    let form = usual.iter().chain(fields).fold(form, |form, (name, value)| form.set(name, value));
    form.send(owner).await
}

/// The page that sends a browser on to the provider.
struct Leaving {
    url: String,
    sent: BTreeMap<String, String>,
}

impl Leaving {
    #[track_caller]
    fn read(page: &Page) -> Self {
        assert_eq!(page.status, 200, "{}", page.text());
        let url = page.links().into_iter().find(|link| link.starts_with("https://")).expect("a link to the provider");
        let pairs = url::Url::parse(&url).unwrap();
        let sent = pairs.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        assert!(page.body.contains("http-equiv=\"refresh\""), "the page goes on by itself");
        Self { url, sent }
    }

    fn callback(&self, issuer: &str) -> String {
        self.callback_with(&[("code", "a-code"), ("iss", issuer)])
    }

    fn callback_with(&self, pairs: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("state", &self.sent["state"]).extend_pairs(pairs);
        format!("{WITH}/callback?{}", query.finish())
    }
}

/// Presses the button of the sign-in page.
async fn begin(visitor: &Visitor) -> Leaving {
    let form = visitor.get("/sign-in").await.form_to(WITH);
    Leaving::read(&form.send(visitor).await)
}

async fn begin_test(owner: &Visitor) -> Leaving {
    let form = owner.get(SETTINGS).await.form_to("/settings/sign-in/test");
    Leaving::read(&form.send(owner).await)
}

fn is_signed_in(visitor: &Visitor) -> bool {
    visitor.cookies().keys().any(|name| name.contains("session"))
}
