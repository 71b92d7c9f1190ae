//! The access matrix: every page of the route table against everybody.

use std::collections::BTreeSet;

use super::world::{Who, World};
use crate::support::Page;
use crate::support::routes::pages;
use vestibule::features::accounts::Role;
use vestibule::platform::web::{assets, urls};
use vestibule::server::routes::Access;

/// A redirect (303) to the page for signing in.
const SIGN_IN: u16 = 1;

/// What is not just looked at and there: the pattern, what the names in it stand for, and the status for whom it is open.
/// `{…}` is made anew in our workspace for everybody who comes.
const LOOKS: &[(&str, &[&str], u16)] = &[
    (urls::ROOT, &[], 303),
    (urls::STATIC_FILE, &["{stylesheet}"], 200),
    (urls::ACCENT, &["0f766e"], 200),
    (urls::FAVICON, &[], 301),
    (urls::SETUP, &[], 404),
    (urls::SIGN_IN_WITH, &["acme-analytics"], 404),
    (urls::SIGN_IN_CALLBACK, &["acme-analytics"], 404),
    (urls::ACCOUNT_LINK, &["{join}"], 200),
    (urls::SETTINGS, &[], 303),
    (urls::MEMBER, &["{member}"], 200),
    // Without a role there is nothing to ask.
    (urls::MEMBER_ROLE, &["{member}"], 303),
    (urls::MEMBER_REMOVAL, &["{member}"], 200),
    (urls::MEMBER_ERASURE, &["{left}"], 200),
    (urls::WEBHOOK_ENDPOINT, &["{endpoint}"], 200),
    (urls::WEBHOOK_DELIVERY, &["{delivery}"], 200),
    (urls::OAUTH_APP, &["facebook"], 200),
    (urls::OUTPUT_LAYER, &["{layer}"], 200),
    (urls::OAUTH_CALLBACK, &["facebook?state=unknown&code=unknown"], 400),
    (urls::NEW_CONNECTION_OF, &["source", "postgres"], 200),
    (urls::CONNECTOR, &["source", "facebook-ads"], 200),
    (urls::CONNECTOR_LIVE, &["source", "facebook-ads"], 200),
    // The operator has not switched it on.
    (urls::CONNECTOR_ACT, &["source", "facebook-ads", "install"], 404),
    (urls::CONNECTION, &["{draft}"], 200),
    (urls::CONNECTION_CONFIGURATION, &["{draft}"], 200),
    (urls::CONNECTION_DELETION, &["{draft}"], 200),
    (urls::CONNECTION_WEBHOOK, &["{called}"], 200),
    (urls::INVITE_LINK, &["{invite_link}"], 200),
    (urls::INVITE, &["{invite}"], 200),
    (urls::INVITE_RECEIPT, &["{invite_receipt}"], 200),
    (urls::VALIDATION, &["{validation}"], 200),
    (urls::VALIDATION_LIVE, &["{validation}"], 200),
    (urls::KEPT_FORM, &["no-such-form"], 404),
    (urls::CONNECTION_STREAMS, &["{draft}"], 200),
    (urls::CONNECTION_STREAM, &["{draft}", "0"], 404),
    (urls::CONNECTION_FINISH, &["{draft}"], 200),
    (urls::CONNECTION_HAND_OFF, &["{draft}"], 409),
    (urls::RUN, &["{run}"], 200),
    (urls::RUN_LIVE, &["{run}"], 200),
    (urls::RUN_RECORDS, &["{run}"], 200),
    (urls::RUN_RECORDS_FILE, &["{run}"], 303),
    (urls::SETUP_LINK, &["{setup}"], 200),
    (urls::RECEIPT, &["{receipt}"], 200),
    (urls::DOCS_PAGE, &["api"], 200),
];

type Deed = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)], u16);

/// The same of what is done, with what the form sends.
#[rustfmt::skip]
const DEEDS: &[Deed] = &[
    (urls::SETUP, &[], &[("code", "x"), ("workspace", "W"), ("name", "N"), ("email", "n@w.example"), ("password", "quite long enough")], 404),
    (urls::SIGN_IN, &[], &[("email", "x@y.example"), ("password", "z")], 422),
    (urls::SIGN_OUT, &[], &[], 303),
    (urls::SIGN_IN_WITH, &["acme-analytics"], &[("next", "")], 404),
    (urls::FORGOT_PASSWORD, &[], &[("email", "x@y.example")], 200),
    (urls::ACCOUNT_LINK, &["{join}"], &[("name", ""), ("password", "short")], 422),

    (urls::CONNECTION_HOST_KEY, &["{draft}"], &[("fingerprint", "none")], 303),
    (urls::SETTINGS_WORKSPACE, &[], &[("name", "Acme Analytics"), ("accent", "0f766e"), ("contact", "x")], 303),
    (urls::SETTINGS_DATA, &[], &[("activity", "90"), ("deleted", "7")], 303),
    (urls::INVITATIONS, &[], &[("email", "fresh-{new}@acme.example"), ("role", "viewer")], 200),
    (urls::INVITATION_WITHDRAWAL, &["{invitation}"], &[], 303),
    (urls::MEMBER_ROLE, &["{member}"], &[("role", "member")], 303),
    (urls::MEMBER_IDENTITY_REMOVAL, &["{member}"], &[], 303),
    (urls::MEMBER_REMOVAL, &["{member}"], &[], 303),
    (urls::MEMBER_ERASURE, &["{left}"], &[], 303),
    (urls::SETTINGS_API_KEYS, &[], &[("name", "Key"), ("scope", "sources:read"), ("expires", "")], 200),
    (urls::API_KEY_REVOCATION, &["{key}"], &[], 303),
    (urls::NEW_WEBHOOK_ENDPOINT, &[], &[("url", "https://1.1.1.1/hooks"), ("events", "setup_link.opened")], 303),
    (urls::WEBHOOK_SECRET, &[], &[], 200),
    (urls::WEBHOOK_ENDPOINT, &["{endpoint}"], &[("url", "https://1.1.1.1/hooks"), ("events", "setup_link.opened")], 303),
    (urls::WEBHOOK_ENDPOINT_DELETION, &["{endpoint}"], &[], 303),
    (urls::WEBHOOK_ENDPOINT_TEST, &["{endpoint}"], &[], 303),
    (urls::WEBHOOK_RESEND, &["{delivery}"], &[], 303),
    (urls::WEBHOOK_DISMISSAL, &["{given_up}"], &[], 303),
    (urls::FAILURE_RETRY, &["{failed}"], &[], 303),
    (urls::FAILURE_DISMISSAL, &["{failed}"], &[], 303),
    (urls::OAUTH_APP, &["facebook"], &[("client_id", "id"), ("client_secret", "secret")], 303),
    (urls::OAUTH_APP_REMOVAL, &["{oauth_app}"], &[], 303),
    (urls::NEW_OUTPUT_LAYER, &[], &[("name", "Warehouse"), ("host", "127.0.0.1"), ("database", "d"), ("user", "u"), ("schema", "raw")], 303),
    (urls::OUTPUT_LAYER, &["{layer}"], &[("name", "Warehouse"), ("host", "127.0.0.1"), ("database", "d"), ("user", "u"), ("schema", "raw")], 303),
    (urls::OUTPUT_LAYER_CHECK, &["{layer}"], &[], 200),
    (urls::OUTPUT_LAYER_DELETION, &["{layer}"], &[], 303),
    (urls::SETTINGS_ENGINE, &[], &[("engine", "local")], 303),
    (urls::ENGINE_CHECK, &[], &[], 409),
    (urls::ENGINE_REMOVAL, &[], &[], 303),
    (urls::SETTINGS_SIGN_IN, &[], &[("label", ""), ("issuer", ""), ("client_id", ""), ("client_secret", ""), ("domains", "")], 422),
    (urls::SIGN_IN_TEST, &[], &[], 404),
    (urls::SIGN_IN_PASSWORDS, &[], &[("passwords", "on")], 303),
    (urls::SIGN_IN_REMOVAL, &[], &[], 303),

    (urls::WORKSPACES, &[], &[("member", "of-somebody-else")], 404),
    (urls::SETTINGS_ACCOUNT, &[], &[("name", "Same Person")], 303),
    (urls::ACCOUNT_PASSWORD, &[], &[("current_password", "wrong"), ("new_password", "quite long enough")], 422),
    (urls::SESSION_END, &["{session}"], &[], 303),
    (urls::OTHER_SESSIONS_END, &[], &[], 303),
    (urls::SETTINGS_APPEARANCE, &[], &[("theme", "dark")], 303),

    (urls::NEW_CONNECTION_OF, &["source", "postgres"], &[("intent", "share"), ("lifetime", "24h")], 200),
    (urls::CONNECTOR_ACT, &["source", "facebook-ads", "install"], &[("agree", "yes")], 404),
    (urls::CONNECTION_CONFIGURATION, &["{draft}"], &[("intent", "save"), ("/host", "db.example")], 303),
    (urls::CONNECTION_DESCRIPTION, &["{draft}"], &[("description", "Shop")], 303),
    (urls::CONNECTION_DELETION, &["{draft}"], &[], 303),
    (urls::CONNECTION_WEBHOOK, &["{called}"], &[("url", "https://1.1.1.1/hooks")], 303),
    (urls::CONNECTION_WEBHOOK_REMOVAL, &["{called}"], &[], 303),
    (urls::CONNECTION_WEBHOOK_TEST, &["{called}"], &[], 303),
    (urls::RECONNECT_LINK, &["{draft}"], &[], 409),
    (urls::SETUP_LINK_REVOCATION, &["{draft}", "{link}"], &[], 303),

    (urls::NEW_INVITE_LINK, &[], &[("name", "Clients"), ("connector", "source/postgres")], 303),
    (urls::INVITE_LINK, &["{invite_link}"], &[("name", "Renamed")], 303),
    (urls::INVITE_LINK_DELETION, &["{invite_link}"], &[], 303),
    (urls::ARRIVAL_ACCEPTANCE, &["{waiting}"], &[], 303),
    (urls::ARRIVAL_REJECTION, &["{waiting}"], &[], 303),
    (urls::INVITE, &["{invite}"], &[("/host", "db.example"), ("intent", "partial")], 303),

    (urls::CONNECTION_VALIDATIONS, &["{filled}"], &[], 303),
    (urls::VALIDATION_CANCELLATION, &["{validation}"], &[], 303),
    (urls::CONNECTION_STREAMS, &["{draft}"], &[("intent", "save")], 422),
    (urls::CONNECTION_STREAM, &["{draft}", "0"], &[("all", "yes")], 404),
    (urls::CONNECTION_FINISH, &["{draft}"], &[("intent", "save"), ("trigger", "manual")], 303),
    (urls::CONNECTION_RUNS, &["{draft}"], &[], 303),
    (urls::RUN_CANCELLATION, &["{run}"], &[], 303),

    (urls::SETUP_LINK, &["{setup}"], &[("/host", "db.example"), ("intent", "partial")], 303),
];

/// What does not follow from who may enter.
const OTHERWISE: &[(&str, &str, &[Who], u16)] = &[
    // Who has signed in goes on.
    ("GET", urls::SIGN_IN, &[Who::Stranger, Who::Viewer, Who::Member, Who::Admin, Who::Owner], 303),
    // It is the owner's.
    ("POST", urls::SESSION_END, &[Who::Viewer, Who::Member, Who::Admin], 404),
];

/// One route and how to go for it.
pub(super) struct Case {
    method: &'static str,
    pub(super) pattern: &'static str,
    access: Access,
    things: &'static [&'static str],
    fields: &'static [(&'static str, &'static str)],
    done: u16,
}

pub(super) fn cases(method: &'static str) -> impl Iterator<Item = Case> {
    pages().filter(move |page| page.method == method).map(move |page| {
        let look = LOOKS.iter().find(|look| look.0 == page.pattern).map(|look| (look.1, &[][..], look.2));
        let deed = DEEDS.iter().find(|deed| deed.0 == page.pattern).map(|deed| (deed.1, deed.2, deed.3));
        let plain = Some((&[][..], &[][..], 200)).filter(|_| !page.pattern.contains('{'));
        let sample = if method == "GET" { look.or(plain) } else { deed };
        let (things, fields, done) = sample.unwrap_or_else(|| panic!("no row for {method} {}", page.pattern));
        Case { method, pattern: page.pattern, access: page.access, things, fields, done }
    })
}

impl Case {
    /// The pattern with what its names stand for.
    pub(super) fn path(&self) -> String {
        let (mut path, mut rest) = (String::new(), self.pattern);
        for thing in self.things {
            let (head, tail) = rest.split_once('{').unwrap();
            path += &format!("{head}{thing}");
            rest = tail.split_once('}').unwrap().1;
        }
        assert!(!rest.contains('{'), "{} names more", self.pattern);
        let stylesheet = assets::url("app.css");
        (path + rest).replace("{stylesheet}", stylesheet.rsplit('/').next().unwrap())
    }

    /// What the table says that happens.
    fn due(&self, who: Who) -> u16 {
        let of_this = |one: &&(&str, &str, &[Who], u16)| (one.0, one.1) == (self.method, self.pattern);
        if let Some(other) = OTHERWISE.iter().filter(of_this).find(|other| other.2.contains(&who)) {
            return other.3;
        }
        let is_ours = self.things.iter().any(|thing| thing.starts_with('{'));
        let might = |role: Role| Role::ALL.iter().position(|one| *one == role);
        match (self.access, who.role()) {
            (Access::Anybody, _) => self.done,
            (Access::Holder, _) if who.holds(self.things) => self.done,
            (Access::Holder, _) => 404,
            (Access::AtLeast(_), None) => SIGN_IN,
            (Access::AtLeast(least), Some(role)) if might(role) > might(least) => 403,
            (Access::AtLeast(_), Some(_)) if who == Who::Stranger && is_ours => 404,
            (Access::AtLeast(_), Some(_)) => self.done,
            (Access::Key(_), _) => panic!("{} is for programs and has no description", self.pattern),
        }
    }
}

fn outcome(page: &Page) -> u16 {
    let to_sign_in = page.location().is_some_and(|location| location.starts_with("/sign-in?next="));
    if page.status == 303 && to_sign_in { SIGN_IN } else { page.status }
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let routes: BTreeSet<(&str, &str)> = pages().map(|page| (page.method, page.pattern)).collect();
    let looks = LOOKS.iter().map(|look| ("GET", look.0));
    let rows: Vec<(&str, &str)> = looks.chain(DEEDS.iter().map(|deed| ("POST", deed.0))).collect();
    let once: BTreeSet<(&str, &str)> = rows.iter().copied().collect();
    assert_eq!(once.len(), rows.len(), "no row comes twice");
    assert_eq!(once.difference(&routes).collect::<Vec<_>>(), Vec::<&_>::new(), "rows without a route");
    let methods: BTreeSet<&str> = routes.iter().map(|(method, _)| *method).collect();
    assert_eq!(methods, ["GET", "POST"].into(), "all of these are tried");
    assert!(cases("GET").chain(cases("POST")).all(|case| case.path().starts_with('/')));
}

#[tokio::test]
async fn who_may_look() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for who in Who::ALL {
        let visitor = world.browser_of(who).await;
        for case in cases("GET") {
            let (pattern, path) = (case.pattern, world.path(&case.path(), who).await);
            let before = world.deeds().await;
            let head = outcome(&visitor.head(&path).await);
            let got = outcome(&visitor.get(&path).await);
            let due = case.due(who);
            if got != due || head != due {
                wrong.push(format!("GET {pattern} {who:?}: {got}, HEAD {head}, due {due}"));
            }
            // That a link was opened is noted beside it; nothing else ever is.
            if !path.starts_with("/scl/") && world.deeds().await != before {
                wrong.push(format!("GET {pattern} {who:?} did something"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn who_may_act() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for who in Who::ALL {
        for case in cases("POST") {
            let visitor = world.browser_of(who).await;
            let (pattern, path) = (case.pattern, world.path(&case.path(), who).await);
            let form = world.form(who, &visitor, &path, case.fields).await;
            let before = world.deeds().await;
            let got = outcome(&form.send(&visitor).await);
            let due = case.due(who);
            if got != due {
                wrong.push(format!("POST {pattern} {who:?}: {got}, due {due}"));
            }
            if [SIGN_IN, 403, 404].contains(&got) && world.deeds().await != before {
                wrong.push(format!("POST {pattern} {who:?}: refused, and yet something was done"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn nobody_acts_with_a_form_of_somebody_else() {
    let world = World::new().await;
    let (owner, stranger) = (world.browser_of(Who::Owner).await, world.browser_of(Who::Stranger).await);
    let foreign = world.token_of(Who::Stranger, &stranger).await;
    for case in cases("POST") {
        let (pattern, path) = (case.pattern, world.path(&case.path(), Who::Owner).await);
        let form = world.form(Who::Owner, &owner, &path, case.fields).await.set("_csrf", &foreign);
        let before = world.deeds().await;
        let answer = form.send(&owner).await;
        assert_eq!(answer.status, 403, "{pattern}: {}", answer.text());
        assert_eq!(world.deeds().await, before, "{pattern}");
    }
}
