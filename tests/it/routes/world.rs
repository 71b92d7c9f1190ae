//! A small installation with one of everybody in it, and something of everything to go for.

use diesel::prelude::*;
use vestibule::base::ids::JobId;
use vestibule::features::accounts::Role;
use vestibule::platform::db::Conn;
use vestibule::platform::db::schema::{activity, jobs, members, sessions, webhook_deliveries};

use super::work;
use crate::invite_links;
use crate::setup_links::{connection_path, link_path, share, share_page};
use crate::support::{Form, TestApp, Visitor};
use crate::webhooks::set_webhook;

/// An address that needs no look-up and never hears of us.
const RECEIVER: &str = "https://1.1.1.1/hooks";

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// No account, no link.
    Nobody,
    /// No account, but the setup link.
    Recipient,
    /// The owner of another workspace.
    Stranger,
    Viewer,
    Member,
    Admin,
    Owner,
}

impl Who {
    pub const ALL: [Self; 7] =
        [Self::Nobody, Self::Recipient, Self::Stranger, Self::Viewer, Self::Member, Self::Admin, Self::Owner];

    /// What they are in the workspace they sign in to.
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Nobody | Self::Recipient => None,
            Self::Viewer => Some(Role::Viewer),
            Self::Member => Some(Role::Member),
            Self::Admin => Some(Role::Admin),
            Self::Stranger | Self::Owner => Some(Role::Owner),
        }
    }

    /// Whether the secret that [`World::path`] makes for them opens something.
    pub fn holds(self, things: &[&str]) -> bool {
        match self {
            Self::Nobody => false,
            Self::Recipient => !things.contains(&"{join}"),
            _ => true,
        }
    }

    fn email(self) -> Option<&'static str> {
        match self {
            Self::Nobody | Self::Recipient => None,
            Self::Stranger => Some("olga@other.example"),
            Self::Viewer => Some("vi@acme.example"),
            Self::Member => Some("bo@acme.example"),
            Self::Admin => Some("ada@acme.example"),
            Self::Owner => Some("ana@acme.example"),
        }
    }
}

pub struct World {
    pub app: TestApp,
    /// Another owner, who makes what all these go for.
    maker: Visitor,
    made: std::cell::Cell<u32>,
}

impl World {
    pub async fn new() -> Self {
        let app = TestApp::start();
        let owner = app.owner().await;
        let maker = app.member(&owner, Role::Owner, "mia@acme.example").await;
        app.owner_of("Other", "Olga", "olga@other.example").await;
        for (role, who) in [(Role::Viewer, Who::Viewer), (Role::Member, Who::Member), (Role::Admin, Who::Admin)] {
            app.member(&maker, role, who.email().unwrap()).await;
        }
        Self { app, maker, made: std::cell::Cell::new(0) }
    }

    /// Somebody with a browser of their own, signed in if they can.
    pub async fn browser_of(&self, who: Who) -> Visitor {
        let visitor = self.app.visitor();
        match who.email() {
            Some(email) => visitor.sign_in(email).await,
            None => drop(visitor.get("/sign-in").await),
        }
        visitor
    }

    /// A form token that this browser may use on any page but those of links.
    pub async fn token_of(&self, who: Who, visitor: &Visitor) -> String {
        let form = match who.email() {
            Some(_) => visitor.get("/settings/account").await.form_to("/sign-out"),
            None => visitor.get("/sign-in").await.form_with("email"),
        };
        form.value("_csrf").unwrap().to_owned()
    }

    /// The path with a fresh thing for every name in it. Nobody has no link, so theirs leads nowhere.
    pub async fn path(&self, pattern: &str, who: Who) -> String {
        let mut path = pattern.to_owned();
        if path.contains("{draft}") || path.contains("{link}") || path.contains("{setup}") || path.contains("{receipt}")
        {
            let created = share_page(&self.maker, "source", "postgres", &[]).await;
            let connection = connection_path(&created);
            let page = self.maker.get(&connection).await;
            let revocation = page.actions().into_iter().find(|action| action.ends_with("/revocation")).unwrap();
            let mut parts = revocation.trim_start_matches('/').split('/');
            let (slug, link) = (parts.nth(1).unwrap(), parts.nth(1).unwrap());
            let setup = link_path(&created).trim_start_matches("/scl/").to_owned();
            let setup = if who == Who::Nobody { "no-such-link".to_owned() } else { setup };
            path = path.replace("{draft}", slug).replace("{link}", link).replace("{setup}", &setup);
            if path.contains("{receipt}") {
                path = path.replace("{receipt}", &self.receipt(&setup).await);
            }
        }
        if ["{invite_link}", "{invite}", "{invite_receipt}", "{waiting}"].iter().any(|name| path.contains(name)) {
            path = self.with_invite(&path, who).await;
        }
        if ["{filled}", "{validation}", "{run}"].iter().any(|name| path.contains(name)) {
            path = work::fill(&self.app, &self.maker, &path).await;
        }
        if path.contains("{called}") || path.contains("{delivery}") {
            path = self.with_webhook(&path).await;
        }
        if path.contains("{given_up}") {
            path = path.replace("{given_up}", &self.given_up_webhook().await);
        }
        if path.contains("{failed}") {
            path = path.replace("{failed}", &self.failed_job().await);
        }
        if path.contains("{endpoint}") {
            path = path.replace("{endpoint}", &self.fresh_endpoint().await);
        }
        if path.contains("{layer}") {
            path = path.replace("{layer}", &self.fresh_layer().await);
        }
        path = self.with_member(path).await;
        for (name, make) in [("{invitation}", "/settings/members"), ("{key}", "/settings/api-keys")] {
            if path.contains(name) {
                path = path.replace(name, &self.fresh_at(make).await);
            }
        }
        if path.contains("{oauth_app}") {
            let form = self.maker.get("/settings/oauth-apps/google").await.form_with("client_id");
            let saved = form.set("client_id", "id").set("client_secret", "secret").send(&self.maker).await;
            assert_eq!(saved.status, 303, "{}", saved.text());
            path = path.replace("{oauth_app}", "google");
        }
        if path.contains("{join}") {
            path = path.replace("{join}", &self.join_token(who).await);
        }
        if path.contains("{session}") {
            path = path.replace("{session}", &self.session_of_owner().await);
        }
        path
    }

    /// A webhook that was given up.
    async fn given_up_webhook(&self) -> String {
        let delivery = self.with_webhook("{delivery}").await;
        let row = webhook_deliveries::table.filter(webhook_deliveries::id.eq(delivery.clone()));
        let given_up = diesel::update(row).set(webhook_deliveries::state.eq("gave_up"));
        self.app.app.db.write(move |conn| Ok(given_up.execute(conn)?)).await.unwrap();
        delivery
    }

    /// A job of the workspace that was given up.
    async fn failed_job(&self) -> String {
        let (now, rng) = (self.app.app.clock.now(), self.app.app.rng.clone());
        let id = JobId::new(now, &rng).to_string();
        let made = id.clone();
        let insert = move |conn: &mut Conn| {
            let workspace: String = members::table
                .filter(members::email.eq("ana@acme.example"))
                .select(members::workspace_id)
                .first(conn)?;
            let row = (
                (jobs::id.eq(made), jobs::kind.eq("submission_mail"), jobs::payload.eq("none"), jobs::attempts.eq(8)),
                (jobs::run_at.eq(now), jobs::created_at.eq(now), jobs::failed_at.eq(now)),
                jobs::workspace_id.eq(workspace),
            );
            diesel::insert_into(jobs::table).values(row).execute(conn)?;
            Ok(())
        };
        self.app.app.db.write(insert).await.unwrap();
        id
    }

    /// A draft with a webhook and one test on its way to it; nothing delivers it here.
    async fn with_webhook(&self, path: &str) -> String {
        let (connection, _) = share(&self.maker, "source", "postgres", &[]).await;
        let set = set_webhook(&self.maker, &connection, RECEIVER, None).await;
        assert_eq!(set.status, 303, "{}", set.text());
        let page = self.maker.get(&format!("{connection}/webhook")).await;
        let sent = page.form_to(&format!("{connection}/webhook/test")).send(&self.maker).await;
        let delivery = sent.location().unwrap().trim_start_matches("/webhook-deliveries/").to_owned();
        path.replace("{called}", connection.rsplit('/').next().unwrap()).replace("{delivery}", &delivery)
    }

    /// The one endpoint of the workspace: a workspace has room for few, and every row of the matrix wants one.
    async fn fresh_endpoint(&self) -> String {
        for old in self.maker.get("/settings/webhooks").await.links() {
            if old.starts_with("/settings/webhooks/") && !old.ends_with("/new") {
                let form = self.maker.get(&old).await.form_to(&format!("{old}/deletion"));
                assert_eq!(form.send(&self.maker).await.status, 303);
            }
        }
        let form = self.maker.get("/settings/webhooks/new").await.form_with("url");
        let made = form.set("url", RECEIVER).set("events", "setup_link.opened").send(&self.maker).await;
        assert_eq!(made.status, 303, "{}", made.text());
        let own = |link: &String| link.starts_with("/settings/webhooks/") && !link.ends_with("/new");
        let link = self.maker.get("/settings/webhooks").await.links().into_iter().find(own).expect("the new one");
        link.rsplit('/').next().unwrap().to_owned()
    }

    /// The one output layer of the workspace, at an address nobody connects to.
    async fn fresh_layer(&self) -> String {
        let own = |link: &String| link.starts_with("/settings/output-layers/") && !link.ends_with("/new");
        for old in self.maker.get("/settings/output-layers").await.links().iter().filter(|link| own(link)) {
            let form = self.maker.get(old).await.form_to(&format!("{old}/deletion"));
            assert_eq!(form.send(&self.maker).await.status, 303);
        }
        let form = self.maker.get("/settings/output-layers/new").await.form_with("host").set("host", "127.0.0.1");
        let form = form.set("name", "Ours").set("database", "d").set("user", "u").set("schema", "raw");
        let made = form.send(&self.maker).await;
        assert_eq!(made.status, 303, "{}", made.text());
        made.location().unwrap().rsplit('/').next().unwrap().to_owned()
    }

    /// A fresh invite link whose connections wait for approval, and what came through it.
    async fn with_invite(&self, path: &str, who: Who) -> String {
        let (page, link) = invite_links::invite(&self.maker, "source/postgres", &[("approval", "yes")]).await;
        let token = if who == Who::Nobody { "no-such-link" } else { link.trim_start_matches("/invite/") };
        let path = path.replace("{invite_link}", page.trim_start_matches("/invite-links/")).replace("{invite}", token);
        if !path.contains("{waiting}") && !path.contains("{invite_receipt}") {
            return path;
        }
        let recipient = self.app.visitor();
        let sent = invite_links::filled(&recipient, &link, "db.example").await.send(&recipient).await;
        let receipt = sent.location().unwrap().trim_start_matches("/invite-receipts/").to_owned();
        let receipt = if who == Who::Nobody { "no-such-receipt".to_owned() } else { receipt };
        let panel = self.maker.get(&page).await;
        let waiting = panel.links().into_iter().find(|link| link.starts_with("/connections/postgres-")).unwrap();
        path.replace("{waiting}", waiting.trim_start_matches("/connections/")).replace("{invite_receipt}", &receipt)
    }

    async fn receipt(&self, setup: &str) -> String {
        if setup == "no-such-link" {
            return "no-such-receipt".to_owned();
        }
        let recipient = self.app.visitor();
        let form = recipient.get(&format!("/scl/{setup}")).await.form_with("/host");
        let sent = form.set("/host", "db.example").press("intent", "partial", &recipient).await;
        sent.location().unwrap().trim_start_matches("/receipts/").to_owned()
    }

    async fn fresh_member(&self) -> String {
        let email = format!("new-{}@acme.example", self.next());
        self.app.member(&self.maker, Role::Viewer, &email).await;
        let find =
            move |conn: &mut _| Ok(members::table.filter(members::email.eq(email)).select(members::id).first(conn)?);
        self.app.app.db.read(find).await.unwrap()
    }

    /// A fresh member in the place of `{member}`, somebody who was one in that of `{left}`.
    async fn with_member(&self, path: String) -> String {
        if path.contains("{left}") {
            return path.replace("{left}", &self.left_member().await);
        }
        if path.contains("{member}") { path.replace("{member}", &self.fresh_member().await) } else { path }
    }

    /// Somebody who was a member.
    async fn left_member(&self) -> String {
        let id = self.fresh_member().await;
        let removal = format!("/settings/members/{id}/removal");
        let done = self.maker.get(&removal).await.form_to(&removal).send(&self.maker).await;
        assert_eq!(done.status, 303, "{}", done.text());
        id
    }

    /// Makes an invitation or a key, and takes its id from the form that ends it.
    async fn fresh_at(&self, page: &str) -> String {
        let before = self.maker.get(page).await.actions();
        self.invite_or_key(page).await;
        let after = self.maker.get(page).await.actions();
        let ends = |action: &&String| action.ends_with("/withdrawal") || action.ends_with("/revocation");
        let new = after.iter().filter(ends).find(|action| !before.contains(action)).expect("something new");
        new.rsplit('/').nth(1).unwrap().to_owned()
    }

    async fn invite_or_key(&self, page: &str) -> crate::support::Page {
        let number = self.next();
        let shown = self.maker.get(page).await;
        let form = if page.ends_with("members") {
            shown.form_with("email").set("email", &format!("guest-{number}@acme.example")).set("role", "viewer")
        } else {
            shown.form_with("scope").set("name", &format!("Key {number}")).set("scope", "sources:read")
        };
        let made = form.send(&self.maker).await;
        assert_eq!(made.status, 200, "{}", made.text());
        made
    }

    /// A link to join; the recipient of a setup link holds none, and tries with the token they have.
    async fn join_token(&self, who: Who) -> String {
        match who {
            Who::Nobody => "no-such-link".to_owned(),
            Who::Recipient => {
                let created = share_page(&self.maker, "source", "postgres", &[]).await;
                link_path(&created).trim_start_matches("/scl/").to_owned()
            }
            _ => {
                let made = self.invite_or_key("/settings/members").await;
                let url = made.field_values().into_iter().find(|text| text.contains("/join/")).unwrap();
                url.split_once("/join/").unwrap().1.to_owned()
            }
        }
    }

    async fn session_of_owner(&self) -> String {
        self.app.visitor().sign_in("ana@acme.example").await;
        let find = |conn: &mut _| {
            let owner = members::table
                .filter(members::email.eq("ana@acme.example"))
                .select(members::id)
                .first::<String>(conn)?;
            let newest = sessions::table.filter(sessions::member_id.eq(owner)).order(sessions::id.desc());
            Ok(newest.select(sessions::id).first(conn)?)
        };
        self.app.app.db.read(find).await.unwrap()
    }

    fn next(&self) -> u32 {
        self.made.set(self.made.get() + 1);
        self.made.get()
    }

    /// How many deeds were written down so far.
    pub async fn deeds(&self) -> i64 {
        self.app.app.db.read(|conn| Ok(activity::table.count().get_result(conn)?)).await.unwrap()
    }

    /// A form as an actor would send it: the page's own token for links, the browser's elsewhere.
    pub async fn form(&self, who: Who, visitor: &Visitor, path: &str, fields: &[(&str, &str)]) -> Form {
        let of_link = ["/scl/", "/join/", "/invite/"].iter().any(|head| path.starts_with(head));
        let page = if of_link { Some(visitor.get(path).await) } else { None };
        let token = match page.filter(|page| page.status == 200 && page.has("form [name=_csrf]")) {
            Some(page) => page.form_with("_csrf").value("_csrf").unwrap().to_owned(),
            None => self.token_of(who, visitor).await,
        };
        let form = Form { action: path.to_owned(), pairs: vec![("_csrf".to_owned(), token)] };
        // Nobody is invited twice in a short time.
        let number = self.next().to_string();
        fields.iter().fold(form, |form, (name, value)| form.set(name, &value.replace("{new}", &number)))
    }
}
