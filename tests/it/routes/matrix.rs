//! The access matrix: every route against everybody. A route without a row fails, and so does a row without a route.

use std::collections::BTreeSet;

use super::world::{Who, World};
use crate::support::Page;
use crate::support::routes::{ROUTES, Route, fits};

/// A redirect (303) to the page for signing in.
const SIGN_IN: u16 = 1;

/// Statuses in the order of [`Who::ALL`]: nobody, recipient, stranger, viewer, member, admin, owner.
type Expected = [u16; 7];

const ANYBODY: Expected = [200; 7];
const SIGNED_IN: Expected = [SIGN_IN, SIGN_IN, 200, 200, 200, 200, 200];
/// A deed that a stranger may do too, in the workspace that is theirs.
const OWN_DEED: Expected = [SIGN_IN, SIGN_IN, 303, 303, 303, 303, 303];
const OWN_REFUSAL: Expected = [SIGN_IN, SIGN_IN, 422, 422, 422, 422, 422];
const EDITORS_SEE: Expected = [SIGN_IN, SIGN_IN, 200, 403, 200, 200, 200];
const EDITORS_SEE_OURS: Expected = [SIGN_IN, SIGN_IN, 404, 403, 200, 200, 200];
const EDITORS_DO: Expected = [SIGN_IN, SIGN_IN, 404, 403, 303, 303, 303];
const ADMINS_SEE: Expected = [SIGN_IN, SIGN_IN, 200, 403, 403, 200, 200];
const ADMINS_SEE_OURS: Expected = [SIGN_IN, SIGN_IN, 404, 403, 403, 200, 200];
const ADMINS_DO: Expected = [SIGN_IN, SIGN_IN, 404, 403, 403, 303, 303];
const HIDDEN: Expected = [404; 7];

type Row = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)], Expected);

/// Method, pattern of the route table, the path to go for, what the form sends, what happens.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("GET", "/", "/", &[], [303; 7]),
    ("GET", "/healthz", "/healthz", &[], ANYBODY),
    ("GET", "/readyz", "/readyz", &[], ANYBODY),
    ("GET", "/static/{name:.+}", "{stylesheet}", &[], ANYBODY),
    ("GET", "/accent/{hex}.css", "/accent/0f766e.css", &[], ANYBODY),
    ("GET", "/favicon.ico", "/favicon.ico", &[], [301; 7]),
    ("GET", "/robots.txt", "/robots.txt", &[], ANYBODY),

    ("GET", "/setup", "/setup", &[], HIDDEN),
    ("POST", "/setup", "/setup", &[("code", "x"), ("workspace", "W"), ("name", "N"), ("email", "n@w.example"), ("password", "quite long enough")], HIDDEN),
    ("GET", "/sign-in", "/sign-in", &[], [200, 200, 303, 303, 303, 303, 303]),
    ("POST", "/sign-in", "/sign-in", &[("email", "x@y.example"), ("password", "z")], [422; 7]),
    ("POST", "/sign-out", "/sign-out", &[], [303; 7]),
    ("GET", "/sign-in/with/{workspace}", "/sign-in/with/acme-analytics", &[], HIDDEN),
    ("POST", "/sign-in/with/{workspace}", "/sign-in/with/acme-analytics", &[("next", "")], HIDDEN),
    ("GET", "/sign-in/with/{workspace}/callback", "/sign-in/with/acme-analytics/callback", &[], HIDDEN),
    ("GET", "/forgot-password", "/forgot-password", &[], ANYBODY),
    ("POST", "/forgot-password", "/forgot-password", &[("email", "x@y.example")], ANYBODY),
    ("GET", "/join/{token}", "/join/{join}", &[], [404, 404, 200, 200, 200, 200, 200]),
    ("POST", "/join/{token}", "/join/{join}", &[("name", ""), ("password", "short")], [404, 404, 422, 422, 422, 422, 422]),

    ("GET", "/settings", "/settings", &[], [303; 7]),
    ("GET", "/settings/workspace", "/settings/workspace", &[], SIGNED_IN),
    ("POST", "/settings/workspace", "/settings/workspace", &[("name", "Acme Analytics"), ("accent", "0f766e"), ("contact", "x")], [SIGN_IN, SIGN_IN, 303, 403, 403, 303, 303]),
    ("GET", "/settings/members", "/settings/members", &[], SIGNED_IN),
    ("GET", "/settings/members/{id}", "/settings/members/{member}", &[], [SIGN_IN, SIGN_IN, 404, 200, 200, 200, 200]),
    ("POST", "/settings/members/invitations", "/settings/members/invitations", &[("email", "fresh@acme.example"), ("role", "viewer")], [SIGN_IN, SIGN_IN, 200, 403, 403, 200, 200]),
    ("POST", "/settings/members/invitations/{id}/withdrawal", "/settings/members/invitations/{invitation}/withdrawal", &[], ADMINS_DO),
    ("POST", "/settings/members/{id}/role", "/settings/members/{member}/role", &[("role", "member")], ADMINS_DO),
    ("POST", "/settings/members/{id}/identity-removal", "/settings/members/{member}/identity-removal", &[], [SIGN_IN, SIGN_IN, 404, 403, 403, 403, 303]),
    ("GET", "/settings/members/{id}/removal", "/settings/members/{member}/removal", &[], ADMINS_SEE_OURS),
    ("POST", "/settings/members/{id}/removal", "/settings/members/{member}/removal", &[], ADMINS_DO),
    ("GET", "/settings/api-keys", "/settings/api-keys", &[], SIGNED_IN),
    ("POST", "/settings/api-keys", "/settings/api-keys", &[("name", "Key"), ("scope", "sources:read"), ("expires", "")], [SIGN_IN, SIGN_IN, 200, 403, 403, 200, 200]),
    ("POST", "/settings/api-keys/{id}/revocation", "/settings/api-keys/{key}/revocation", &[], ADMINS_DO),
    ("GET", "/settings/webhooks", "/settings/webhooks", &[], SIGNED_IN),
    ("GET", "/settings/webhooks/new", "/settings/webhooks/new", &[], ADMINS_SEE),
    ("POST", "/settings/webhooks/new", "/settings/webhooks/new", &[("url", "https://1.1.1.1/hooks"), ("events", "setup_link.opened")], [SIGN_IN, SIGN_IN, 303, 403, 403, 303, 303]),
    ("POST", "/settings/webhooks/secret", "/settings/webhooks/secret", &[], [SIGN_IN, SIGN_IN, 200, 403, 403, 200, 200]),
    ("GET", "/settings/webhooks/{id}", "/settings/webhooks/{endpoint}", &[], ADMINS_SEE_OURS),
    ("POST", "/settings/webhooks/{id}", "/settings/webhooks/{endpoint}", &[("url", "https://1.1.1.1/hooks"), ("events", "setup_link.opened")], ADMINS_DO),
    ("POST", "/settings/webhooks/{id}/deletion", "/settings/webhooks/{endpoint}/deletion", &[], ADMINS_DO),
    ("POST", "/settings/webhooks/{id}/test", "/settings/webhooks/{endpoint}/test", &[], ADMINS_DO),
    ("GET", "/webhook-deliveries/{id}", "/webhook-deliveries/{delivery}", &[], [SIGN_IN, SIGN_IN, 404, 200, 200, 200, 200]),
    ("POST", "/webhook-deliveries/{id}/resend", "/webhook-deliveries/{delivery}/resend", &[], EDITORS_DO),
    ("GET", "/settings/oauth-apps", "/settings/oauth-apps", &[], SIGNED_IN),
    ("GET", "/settings/oauth-apps/{provider}", "/settings/oauth-apps/facebook", &[], SIGNED_IN),
    ("POST", "/settings/oauth-apps/{provider}", "/settings/oauth-apps/facebook", &[("client_id", "id"), ("client_secret", "secret")], [SIGN_IN, SIGN_IN, 303, 403, 403, 303, 303]),
    ("POST", "/settings/oauth-apps/{provider}/removal", "/settings/oauth-apps/{oauth_app}/removal", &[], [SIGN_IN, SIGN_IN, 404, 403, 403, 303, 303]),
    ("GET", "/settings/output-layers", "/settings/output-layers", &[], SIGNED_IN),
    ("GET", "/settings/output-layers/new", "/settings/output-layers/new", &[], ADMINS_SEE),
    ("POST", "/settings/output-layers/new", "/settings/output-layers/new", &[("name", "Warehouse"), ("host", "127.0.0.1"), ("database", "d"), ("user", "u"), ("schema", "raw")], [SIGN_IN, SIGN_IN, 303, 403, 403, 303, 303]),
    ("GET", "/settings/output-layers/{slug}", "/settings/output-layers/{layer}", &[], ADMINS_SEE_OURS),
    ("POST", "/settings/output-layers/{slug}", "/settings/output-layers/{layer}", &[("name", "Warehouse"), ("host", "127.0.0.1"), ("database", "d"), ("user", "u"), ("schema", "raw")], ADMINS_DO),
    ("POST", "/settings/output-layers/{slug}/check", "/settings/output-layers/{layer}/check", &[], [SIGN_IN, SIGN_IN, 404, 403, 403, 200, 200]),
    ("POST", "/settings/output-layers/{slug}/deletion", "/settings/output-layers/{layer}/deletion", &[], ADMINS_DO),
    ("GET", "/oauth/callback/{provider}", "/oauth/callback/facebook?state=unknown&code=unknown", &[], [400; 7]),
    ("GET", "/settings/sign-in", "/settings/sign-in", &[], SIGNED_IN),
    ("POST", "/settings/sign-in", "/settings/sign-in", &[("label", ""), ("issuer", ""), ("client_id", ""), ("client_secret", ""), ("domains", "")], [SIGN_IN, SIGN_IN, 422, 403, 403, 403, 422]),
    ("POST", "/settings/sign-in/test", "/settings/sign-in/test", &[], [SIGN_IN, SIGN_IN, 404, 403, 403, 403, 404]),
    ("POST", "/settings/sign-in/passwords", "/settings/sign-in/passwords", &[("passwords", "on")], [SIGN_IN, SIGN_IN, 303, 403, 403, 403, 303]),
    ("POST", "/settings/sign-in/removal", "/settings/sign-in/removal", &[], [SIGN_IN, SIGN_IN, 303, 403, 403, 403, 303]),
    ("GET", "/settings/mail", "/settings/mail", &[], SIGNED_IN),
    ("GET", "/settings/data", "/settings/data", &[], SIGNED_IN),

    ("GET", "/settings/account", "/settings/account", &[], SIGNED_IN),
    ("POST", "/settings/account", "/settings/account", &[("name", "Same Person")], OWN_DEED),
    ("POST", "/settings/account/password", "/settings/account/password", &[("current_password", "wrong"), ("new_password", "quite long enough")], OWN_REFUSAL),
    ("POST", "/settings/account/sessions/{id}/end", "/settings/account/sessions/{session}/end", &[], [SIGN_IN, SIGN_IN, 404, 404, 404, 404, 303]),
    ("POST", "/settings/account/other-sessions/end", "/settings/account/other-sessions/end", &[], OWN_DEED),
    ("GET", "/settings/appearance", "/settings/appearance", &[], SIGNED_IN),
    ("POST", "/settings/appearance", "/settings/appearance", &[("theme", "dark")], OWN_DEED),

    ("GET", "/connections", "/connections", &[], SIGNED_IN),
    ("GET", "/connections/new", "/connections/new", &[], EDITORS_SEE),
    ("GET", "/connections/new/{kind}/{connector}", "/connections/new/source/postgres", &[], EDITORS_SEE),
    ("POST", "/connections/new/{kind}/{connector}", "/connections/new/source/postgres", &[("intent", "share"), ("lifetime", "24h")], [SIGN_IN, SIGN_IN, 200, 403, 200, 200, 200]),
    ("GET", "/connections/{slug}", "/connections/{draft}", &[], [SIGN_IN, SIGN_IN, 404, 200, 200, 200, 200]),
    ("GET", "/connections/{slug}/configuration", "/connections/{draft}/configuration", &[], EDITORS_SEE_OURS),
    ("POST", "/connections/{slug}/configuration", "/connections/{draft}/configuration", &[("intent", "save"), ("/host", "db.example")], EDITORS_DO),
    ("POST", "/connections/{slug}/description", "/connections/{draft}/description", &[("description", "Shop")], EDITORS_DO),
    ("GET", "/connections/{slug}/deletion", "/connections/{draft}/deletion", &[], EDITORS_SEE_OURS),
    ("POST", "/connections/{slug}/deletion", "/connections/{draft}/deletion", &[], EDITORS_DO),
    ("GET", "/connections/{slug}/webhook", "/connections/{called}/webhook", &[], EDITORS_SEE_OURS),
    ("POST", "/connections/{slug}/webhook", "/connections/{called}/webhook", &[("url", "https://1.1.1.1/hooks")], EDITORS_DO),
    ("POST", "/connections/{slug}/webhook/removal", "/connections/{called}/webhook/removal", &[], EDITORS_DO),
    ("POST", "/connections/{slug}/webhook/test", "/connections/{called}/webhook/test", &[], EDITORS_DO),
    ("POST", "/connections/{slug}/reconnect-link", "/connections/{draft}/reconnect-link", &[], [SIGN_IN, SIGN_IN, 404, 403, 409, 409, 409]),
    ("POST", "/connections/{slug}/setup-links/{id}/revocation", "/connections/{draft}/setup-links/{link}/revocation", &[], EDITORS_DO),

    ("GET", "/invite-links", "/invite-links", &[], SIGNED_IN),
    ("GET", "/invite-links/new", "/invite-links/new", &[], EDITORS_SEE),
    ("POST", "/invite-links/new", "/invite-links/new", &[("name", "Clients"), ("connector", "source/postgres")], [SIGN_IN, SIGN_IN, 303, 403, 303, 303, 303]),
    ("GET", "/invite-links/inbox", "/invite-links/inbox", &[], SIGNED_IN),
    ("GET", "/invite-links/{id}", "/invite-links/{invite_link}", &[], [SIGN_IN, SIGN_IN, 404, 200, 200, 200, 200]),
    ("POST", "/invite-links/{id}", "/invite-links/{invite_link}", &[("name", "Renamed")], EDITORS_DO),
    ("POST", "/invite-links/{id}/deletion", "/invite-links/{invite_link}/deletion", &[], EDITORS_DO),
    ("POST", "/connections/{slug}/acceptance", "/connections/{waiting}/acceptance", &[], EDITORS_DO),
    ("POST", "/connections/{slug}/rejection", "/connections/{waiting}/rejection", &[], EDITORS_DO),
    ("GET", "/invite/{token}", "/invite/{invite}", &[], [404, 200, 200, 200, 200, 200, 200]),
    ("POST", "/invite/{token}", "/invite/{invite}", &[("/host", "db.example"), ("intent", "partial")], [404, 303, 303, 303, 303, 303, 303]),
    ("GET", "/invite-receipts/{key}", "/invite-receipts/{invite_receipt}", &[], [404, 200, 200, 200, 200, 200, 200]),

    ("POST", "/connections/{slug}/validations", "/connections/{filled}/validations", &[], EDITORS_DO),
    ("GET", "/validations/{id}", "/validations/{validation}", &[], [SIGN_IN, SIGN_IN, 404, 200, 200, 200, 200]),
    ("GET", "/validations/{id}/live", "/validations/{validation}/live", &[], [SIGN_IN, SIGN_IN, 404, 200, 200, 200, 200]),
    ("POST", "/validations/{id}/cancellation", "/validations/{validation}/cancellation", &[], EDITORS_DO),
    ("GET", "/connections/{slug}/streams", "/connections/{draft}/streams", &[], EDITORS_SEE_OURS),
    ("POST", "/connections/{slug}/streams", "/connections/{draft}/streams", &[("intent", "save")], [SIGN_IN, SIGN_IN, 404, 403, 422, 422, 422]),
    ("GET", "/connections/{slug}/streams/{stream}", "/connections/{draft}/streams/0", &[], [SIGN_IN, SIGN_IN, 404, 403, 404, 404, 404]),
    ("POST", "/connections/{slug}/streams/{stream}", "/connections/{draft}/streams/0", &[("all", "yes")], [SIGN_IN, SIGN_IN, 404, 403, 404, 404, 404]),
    ("GET", "/connections/{slug}/finish", "/connections/{draft}/finish", &[], EDITORS_SEE_OURS),
    ("POST", "/connections/{slug}/finish", "/connections/{draft}/finish", &[("intent", "save"), ("trigger", "manual")], EDITORS_DO),
    ("POST", "/connections/{slug}/runs", "/connections/{draft}/runs", &[], EDITORS_DO),
    ("GET", "/connections/{slug}/hand-off", "/connections/{draft}/hand-off", &[], [SIGN_IN, SIGN_IN, 404, 409, 409, 409, 409]),
    ("GET", "/runs/{id}", "/runs/{run}", &[], [SIGN_IN, SIGN_IN, 404, 200, 200, 200, 200]),
    ("GET", "/runs/{id}/live", "/runs/{run}/live", &[], [SIGN_IN, SIGN_IN, 404, 200, 200, 200, 200]),
    ("POST", "/runs/{id}/cancellation", "/runs/{run}/cancellation", &[], EDITORS_DO),

    ("GET", "/scl/{token}", "/scl/{setup}", &[], [404, 200, 200, 200, 200, 200, 200]),
    ("POST", "/scl/{token}", "/scl/{setup}", &[("/host", "db.example"), ("intent", "partial")], [404, 303, 303, 303, 303, 303, 303]),
    ("GET", "/receipts/{key}", "/receipts/{receipt}", &[], [404, 200, 200, 200, 200, 200, 200]),

    ("GET", "/docs", "/docs", &[], ANYBODY),
    ("GET", "/docs/{page}", "/docs/api", &[], ANYBODY),
    ("GET", "/docs/skills/share-setup-link/SKILL.md", "/docs/skills/share-setup-link/SKILL.md", &[], ANYBODY),
    ("GET", "/llms.txt", "/llms.txt", &[], ANYBODY),
    ("GET", "/api/openapi.json", "/api/openapi.json", &[], ANYBODY),
    ("GET", "/api/docs", "/api/docs", &[], ANYBODY),
];

fn of(method: &str) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |(of, ..)| *of == method)
}

fn outcome(page: &Page) -> u16 {
    let to_sign_in = page.location().is_some_and(|location| location.starts_with("/sign-in?next="));
    if page.status == 303 && to_sign_in { SIGN_IN } else { page.status }
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let rows: BTreeSet<(String, String)> =
        ROWS.iter().map(|(method, pattern, ..)| ((*method).to_owned(), (*pattern).to_owned())).collect();
    let routes: BTreeSet<(String, String)> =
        ROUTES.iter().map(|Route { method, pattern }| ((*method).to_owned(), pattern.clone())).collect();
    assert_eq!(rows.len(), ROWS.len(), "no row comes twice");
    assert_eq!(routes.difference(&rows).collect::<Vec<_>>(), Vec::<&_>::new(), "routes without a row");
    assert_eq!(rows.difference(&routes).collect::<Vec<_>>(), Vec::<&_>::new(), "rows without a route");
    for (_, pattern, path, ..) in ROWS.iter().filter(|(.., path, _, _)| !path.contains("{stylesheet}")) {
        assert!(fits(pattern, path.split('?').next().unwrap()), "{path} is not a path of {pattern}");
    }
}

#[tokio::test]
async fn who_may_look() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for who in Who::ALL {
        let visitor = world.browser_of(who).await;
        for (_, pattern, path, _, expected) in of("GET") {
            let path =
                world.path(&path.replace("{stylesheet}", &vestibule::platform::web::assets::url("app.css")), who).await;
            let before = world.deeds().await;
            let head = outcome(&visitor.head(&path).await);
            let got = outcome(&visitor.get(&path).await);
            let due = expected[who as usize];
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
        for (_, pattern, path, fields, expected) in of("POST") {
            let visitor = world.browser_of(who).await;
            let path = world.path(path, who).await;
            let form = world.form(who, &visitor, &path, fields).await;
            let before = world.deeds().await;
            let got = outcome(&form.send(&visitor).await);
            let due = expected[who as usize];
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
    for (_, pattern, path, fields, _) in of("POST") {
        let path = world.path(path, Who::Owner).await;
        let form = world.form(Who::Owner, &owner, &path, fields).await.set("_csrf", &foreign);
        let before = world.deeds().await;
        let answer = form.send(&owner).await;
        assert_eq!(answer.status, 403, "{pattern}: {}", answer.text());
        assert_eq!(world.deeds().await, before, "{pattern}");
    }
}
