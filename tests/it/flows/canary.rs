//! The whole main job with marked secrets, and then a look at everything: the database's bytes, the log at its most talkative,
//! every page and every mail. Secrets are nowhere; tokens are only where they are handed out.

use std::time::{Duration, Instant};

use super::sweep::{Hay, Needle};
use crate::setup_links::{connection_path, link_path, share_page};
use crate::support::installation::{Installation, Running};
use crate::support::{CANARY, PATIENCE, Page, Visitor};

/// A secret that somebody types.
fn marked(what: &str) -> String {
    format!("{CANARY}-{what}-9d1c")
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    let rest = text.split_once(mark).unwrap_or_else(|| panic!("no {mark} in {text}")).1;
    rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').next().unwrap()
}

struct Story {
    hay: Hay,
    needles: Vec<Needle>,
    base: String,
}

impl Story {
    fn visitor(&self) -> Visitor {
        Visitor::new(&self.base, &self.base)
    }

    /// Must be found nowhere.
    fn secret(&mut self, what: &'static str, text: &str) {
        self.token(what, text, &[]);
    }

    /// Must be found nowhere but there.
    fn token(&mut self, what: &'static str, text: &str, at_home: &[&str]) {
        let at_home = at_home.iter().map(|place| (*place).to_owned()).collect();
        self.needles.push(Needle { what, text: text.to_owned(), at_home });
    }

    fn cookies(&mut self, what: &'static str, visitor: &Visitor) {
        let cookies = visitor.cookies();
        let (_, session) = cookies.iter().find(|(name, _)| name.contains("session")).expect("a session");
        self.secret(what, session);
    }

    async fn first_run(&mut self, link: &str) -> Visitor {
        let owner = self.visitor();
        let page = self.hay.get(&owner, link).await;
        let form = page.form_with("workspace").set("workspace", "Acme Analytics").set("name", "Ana Lima");
        let form = form.set("email", "ana@acme.example");
        let refused = form.clone().set("password", &marked("no")[..11]).send(&owner).await;
        assert_eq!(refused.status, 422);
        self.hay.add_page("setup refused", &refused);
        let done = form.set("password", &marked("password-of-owner")).send(&owner).await;
        assert_eq!(done.status, 303, "{}", done.text());
        self.secret("the owner's password", &marked("password-of-owner"));
        self.cookies("the owner's session", &owner);
        owner
    }

    /// A draft with a secret the owner typed, and its link: the link and the connection's path.
    async fn share(&mut self, owner: &Visitor) -> (String, String) {
        let typed = marked("typed-by-owner");
        let created = share_page(owner, "source", "postgres", &[("/password", &typed), ("note", "Thank you")]).await;
        assert_eq!(created.status, 200, "{}", created.text());
        self.hay.add_page("created one", &created);
        self.secret("a value the owner typed", &typed);
        let link = link_path(&created);
        self.token("the first setup token", link.trim_start_matches("/scl/"), &["page created one"]);
        (connection_path(&created), link)
    }

    /// First a slip, so that the secret is held, then without.
    async fn submit(&mut self, link: &str, receipt: &'static str) {
        let recipient = self.visitor();
        let page = recipient.get(link).await;
        self.hay.add_page("the recipient's form", &page);
        let secret = marked("held-after-a-slip");
        let form = page
            .form_with("/host")
            .set("/host", "db.found-me.example")
            .set("/username", "reader")
            .set("/database", "shop");
        let refused = form.set("/port", "many").set("/password", &secret).press("intent", "partial", &recipient).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        self.hay.add_page("the form again", &refused);
        let sent = refused.form_with("/host").set("/port", "5432").press("intent", "partial", &recipient).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        self.secret("a value that was held", &secret);
        let key = sent.location().unwrap().trim_start_matches("/receipts/").to_owned();
        self.hay.add_page(receipt, &sent);
        self.token("the key of a receipt", &key, &["headers receipt"]);
        let shown = recipient.follow(&sent).await;
        self.hay.add_page("shown receipt", &shown);
        let dead = recipient.get(link).await;
        assert_eq!(dead.status, 410);
        self.hay.add_page("dead link", &dead);
    }

    async fn second_recipient(&mut self, owner: &Visitor, connection: &str) {
        let page = owner.get(&format!("{connection}/configuration")).await;
        self.hay.add_page("configuration", &page);
        let created = page.form_with("lifetime").press("intent", "share", owner).await;
        self.hay.add_page("created two", &created);
        let link = link_path(&created);
        self.token("the second setup token", link.trim_start_matches("/scl/"), &["page created two"]);
        let (recipient, secret) = (self.visitor(), marked("typed-by-recipient"));
        let form = self.hay_free(&recipient, &link).await.form_with("/host").set("/password", &secret);
        let sent = form.press("intent", "partial", &recipient).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        self.secret("a value the recipient typed", &secret);
    }

    /// A third link that stays open: its token must not be found while it still opens something.
    async fn open_link(&mut self, owner: &Visitor, connection: &str) {
        let page = owner.get(&format!("{connection}/configuration")).await;
        let created = page.form_with("lifetime").press("intent", "share", owner).await;
        self.hay.add_page("created three", &created);
        let link = link_path(&created);
        self.token("an open setup token", link.trim_start_matches("/scl/"), &["page created three"]);
        let (recipient, secret) = (self.visitor(), marked("held-to-the-end"));
        let form =
            self.hay_free(&recipient, &link).await.form_with("/host").set("/port", "many").set("/password", &secret);
        let refused = form.press("intent", "partial", &recipient).await;
        assert_eq!(refused.status, 422);
        self.hay.add_page("held to the end", &refused);
        self.secret("a value that is held now", &secret);
    }

    async fn hay_free(&mut self, visitor: &Visitor, path: &str) -> Page {
        let page = visitor.get(path).await;
        self.hay.add_page("another recipient's form", &page);
        page
    }

    async fn members(&mut self, owner: &Visitor, here: &Installation) {
        let page = self.hay.get(owner, "/settings/members").await;
        let made = page.form_with("email").set("email", "bo@acme.example").set("role", "member").send(owner).await;
        assert_eq!(made.status, 200, "{}", made.text());
        self.hay.add_page("invited", &made);
        let url = made.field_values().into_iter().find(|text| text.contains("/join/")).expect("a link to join");
        let token = url.split_once("/join/").unwrap().1.to_owned();
        self.token("the token of an invitation", &token, &["page invited", "data/mail/"]);
        // A link that is used already is not mailed any more.
        wait_for_mails(here, 3);
        let bo = self.visitor();
        let joining = bo.get(&format!("/join/{token}")).await;
        self.hay.add_page("join", &joining);
        let form = joining.form_with("name").set("name", "Bo Berg").set("password", &marked("password-of-member"));
        assert_eq!(form.send(&bo).await.status, 303);
        self.secret("a member's password", &marked("password-of-member"));
        self.cookies("the member's session", &bo);
        let keys = self.hay.get(owner, "/settings/api-keys").await;
        let key = keys.form_with("scope").set("name", "Warehouse").set("scope", "sources:read").send(owner).await;
        self.hay.add_page("key", &key);
        let shown =
            key.field_values().into_iter().chain([key.text()]).find(|text| text.contains("vst_")).expect("an API key");
        let secret = format!("vst_{}", after(&shown, "vst_"));
        self.token("an API key", &secret, &["page key"]);
    }

    async fn signing_in(&mut self) {
        let somebody = self.visitor();
        let page = self.hay.get(&somebody, "/sign-in").await;
        let wrong =
            page.form_with("email").set("email", "ana@acme.example").set("password", &marked("mistyped-password"));
        let refused = wrong.send(&somebody).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        self.hay.add_page("sign-in refused", &refused);
        self.secret("a mistyped password", &marked("mistyped-password"));
        let right = refused.form_with("email").set("password", &marked("password-of-owner")).send(&somebody).await;
        assert_eq!(right.status, 303, "{}", right.text());
        self.cookies("a second session", &somebody);
        let stranger = self.visitor();
        let forgot = self.hay.get(&stranger, "/forgot-password").await;
        let said = forgot.form_with("email").set("email", "bo@acme.example").send(&stranger).await;
        self.hay.add_page("forgot said", &said);
        for unknown in ["/scl/", "/join/", "/receipts/", "/invite/", "/invite-receipts/"] {
            let path = format!("{unknown}{}", marked("unknown-token"));
            assert_eq!(stranger.get(&path).await.status, 404);
        }
        self.secret("an unknown token", &marked("unknown-token"));
    }

    /// An invite link: its token is kept sealed, so it is shown again and found nowhere else.
    async fn invite(&mut self, owner: &Visitor) {
        let form = self.hay.get(owner, "/invite-links/new").await.form_with("connector");
        let made = form.set("connector", "source/postgres").set("name", "Clients").send(owner).await;
        let page = owner.follow(&made).await;
        self.hay.add_page("invite link", &page);
        let link = crate::invite_links::link_path(&page);
        let homes = ["page invite link", "page invite receipt"];
        self.token("the token of an invite link", link.trim_start_matches("/invite/"), &homes);
        let (recipient, secret) = (self.visitor(), marked("typed-at-an-invite-link"));
        let form = self.hay_free(&recipient, &link).await.form_with("/host").set("/host", "db.found-me.example");
        let refused = form.set("/port", "many").set("/password", &secret).press("intent", "partial", &recipient).await;
        self.hay.add_page("invite form again", &refused);
        let sent = refused.form_with("/host").set("/port", "5432").press("intent", "partial", &recipient).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        self.secret("a value typed at an invite link", &secret);
        let shown = recipient.follow(&sent).await;
        self.hay.add_page("invite receipt", &shown);
        for path in ["/invite-links", "/invite-links/inbox"] {
            self.hay.get(owner, path).await;
        }
    }

    /// A database that records go to, with a password, at an address nobody connects to.
    async fn output_layer(&mut self, owner: &Visitor) {
        let secret = marked("password-of-output-layer");
        let form = self.hay.get(owner, "/settings/output-layers/new").await.form_with("host").set("name", "Warehouse");
        let form = form.set("host", "127.0.0.1").set("user", "loader").set("schema", "raw").set("password", &secret);
        let refused = form.send(owner).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        self.hay.add_page("output layer refused", &refused);
        let made = form.set("database", "warehouse").send(owner).await;
        let page = owner.follow(&made).await;
        self.hay.add_page("output layer", &page);
        let tried = page.form_to(&format!("{}/check", made.location().unwrap())).send(owner).await;
        assert_eq!(tried.status, 200, "{}", tried.text());
        self.hay.add_page("output layer tried", &tried);
        self.hay.get(owner, "/settings/output-layers").await;
        self.secret("the password of an output layer", &secret);
    }

    async fn look_around(&mut self, owner: &Visitor, connection: &str) {
        for path in [
            "/connections",
            "/settings/workspace",
            "/settings/members",
            "/settings/account",
            "/settings/appearance",
            "/settings/api-keys",
            "/settings/mail",
            "/settings/data",
        ] {
            assert_eq!(self.hay.get(owner, path).await.status, 200, "{path}");
        }
        let page = self.hay.get(owner, connection).await;
        assert!(page.text().contains("db.found-me.example"), "what is no secret is shown: {}", page.text());
        assert_eq!(self.hay.get(owner, &format!("{connection}/configuration")).await.status, 200);
    }
}

/// Waits for the worker of the other process.
fn wait_for_mails(here: &Installation, count: usize) {
    let end = Instant::now() + PATIENCE;
    while std::fs::read_dir(here.data().join("mail")).map_or(0, Iterator::count) < count {
        assert!(Instant::now() < end, "the mails do not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The token of the link in the mail that helps somebody who cannot sign in.
fn mailed_reset(here: &Installation, invitation: &str) -> String {
    let mails = std::fs::read_dir(here.data().join("mail")).unwrap();
    let mails: Vec<String> =
        mails.map(|mail| std::fs::read_to_string(mail.unwrap().path()).unwrap().replace("=\r\n", "")).collect();
    let mut tokens = mails.iter().filter(|mail| mail.contains("/join/")).map(|mail| after(mail, "/join/"));
    tokens.rfind(|token| *token != invitation).expect("a mail about a password").to_owned()
}

fn started(here: &Installation) -> (Running, String) {
    let mut server = here.start(&["serve"]);
    let code = server.wait_for(&format!("{}/setup?code=", server.base));
    (server, format!("/setup?code={}", code.trim()))
}

#[tokio::test]
async fn no_secret_and_no_usable_token_is_left_anywhere() {
    let mut here = Installation::new();
    here.set("VESTIBULE_LOG", "trace");
    let (server, setup) = started(&here);
    let mut story = Story { hay: Hay::default(), needles: Vec::new(), base: server.base.clone() };
    let owner = story.first_run(&setup).await;
    let (connection, link) = story.share(&owner).await;
    story.submit(&link, "receipt").await;
    story.second_recipient(&owner, &connection).await;
    story.open_link(&owner, &connection).await;
    story.members(&owner, &here).await;
    story.signing_in().await;
    story.invite(&owner).await;
    story.output_layer(&owner).await;
    story.look_around(&owner, &connection).await;
    wait_for_mails(&here, 5);

    let invitation =
        story.needles.iter().find(|needle| needle.what == "the token of an invitation").unwrap().text.clone();
    story.token("the token of a reset", &mailed_reset(&here, &invitation), &["data/mail/"]);
    let Story { mut hay, mut needles, .. } = story;
    hay.add_files("running data", &here.data());
    for (name, args) in
        [("check-config", vec!["check-config"]), ("doctor", vec!["doctor"]), ("rotate", vec!["keys", "rotate"])]
    {
        let ran = here.run(&args);
        hay.add(format!("command {name}"), format!("{}{}", ran.out, ran.err));
    }
    let ended = server.stop_with("KILL");
    hay.add("log", ended.err.as_bytes());
    hay.add("output", ended.out.as_bytes());
    hay.add_files("data", &here.data());
    hay.add_tables("table", &here.config().storage.database);

    let key = std::fs::read_to_string(here.key_file()).unwrap();
    needles.push(Needle {
        what: "the master key",
        text: key.trim().split_once(':').unwrap().1.to_owned(),
        at_home: vec!["data/master.key".into(), "running data/master.key".into()],
    });
    for needle in &mut needles {
        // Mails lie in the data folder, which is read twice.
        let twice = needle
            .at_home
            .iter()
            .filter(|home| *home == "data/mail/")
            .map(|home| format!("running {home}"))
            .collect::<Vec<_>>();
        needle.at_home.extend(twice);
    }
    assert!(needles.len() >= 22, "{}", needles.len());
    hay.search(&needles);

    let (seen, log) = (hay.holding("db.found-me.example"), ended.err);
    let in_database = if here.is_postgres() { "table/connections" } else { "data/vestibule.db" };
    assert!(seen.iter().any(|place| place.starts_with(in_database)), "the search finds what is there: {seen:?}");
    assert!(!seen.contains(&"log"), "values are never logged, secret or not");
    assert!(log.contains("TRACE") && log.matches("answered").count() > 30 && log.contains("/scl/{token}"), "{log}");
}
