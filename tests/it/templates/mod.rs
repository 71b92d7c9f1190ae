//! Every page, in every state there is a way to: as the owner and a viewer follow all links, as recipients go through a link's life.

pub mod checks;

use std::collections::{BTreeSet, VecDeque};

use vestibule::connectors::Kind;
use vestibule::features::accounts::{Role, first_run_code};

use crate::invite_links::{filled, invite, invite_page};
use crate::setup_links::{app_with_link, share, share_again, share_page};
use crate::support::{Form, Page, TestApp, Visitor};

/// Names that try to break out of wherever they are put.
const ODD: &str = "\"><script>alert(1)</script> {{7*7}} & 😀 \u{202e}abc";

#[derive(Default)]
struct Checked {
    wrong: Vec<String>,
    pages: usize,
}

impl Checked {
    #[track_caller]
    fn page(&mut self, page: Page, status: u16) -> Page {
        assert_eq!(page.status, status, "{}: {}", page.path, page.text());
        self.wrong.extend(checks::problems(&page));
        self.pages += 1;
        page
    }

    fn end(self, least: usize) {
        assert!(self.pages >= least, "{} pages", self.pages);
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }

    /// Follows every link from a page on; gives what was seen.
    async fn crawl(&mut self, visitor: &Visitor, from: &str) -> BTreeSet<String> {
        let (mut waiting, mut seen) = (VecDeque::from([from.to_owned()]), BTreeSet::new());
        while let Some(path) = waiting.pop_front() {
            if path.starts_with("/static/") || !seen.insert(path.clone()) {
                continue;
            }
            let page = visitor.get(&path).await;
            if page.header("content-type").is_some_and(|kind| !kind.starts_with("text/html")) {
                assert_eq!(page.status, 200, "{path}");
                continue;
            }
            let page = self.page(page, 200);
            waiting.extend(
                checks::links(&page.html())
                    .into_iter()
                    .map(|link| link.split('#').next().unwrap_or_default().to_owned()),
            );
        }
        seen
    }
}

/// A workspace in which everything has an odd name.
async fn odd_workspace() -> (TestApp, Visitor, String) {
    let app = TestApp::start();
    let owner = app.owner_of(&format!("Acme {ODD}"), &format!("Ana {ODD}"), "ana@acme.example").await;
    let fields = [("description", ODD), ("recipient", "Maria 😀 <b>"), ("note", ODD), ("/database", ODD)];
    let (connection, _) = share(&owner, "source", "postgres", &fields).await;
    (app, owner, connection)
}

#[tokio::test]
async fn whatever_an_owner_can_reach_by_links() {
    let (app, owner, connection) = odd_workspace().await;
    app.member(&owner, Role::Admin, "ada@acme.example").await;
    let mut checked = Checked::default();
    let seen = checked.crawl(&owner, "/connections").await;
    for path in [
        connection.as_str(),
        "/connections/new",
        "/connections/new/destination/bigquery",
        "/settings/members",
        "/settings/data",
    ] {
        assert!(seen.contains(path), "{path} is not linked: {seen:?}");
    }
    let connectors =
        [Kind::Source, Kind::Destination].into_iter().map(|kind| app.app.connectors.search(kind, "").len());
    checked.end(connectors.sum::<usize>() + 10);
}

#[tokio::test]
async fn whatever_a_viewer_can_reach_by_links() {
    let (app, owner, _) = odd_workspace().await;
    let viewer = app.member(&owner, Role::Viewer, "vi@acme.example").await;
    let mut checked = Checked::default();
    checked.crawl(&viewer, "/connections").await;
    // Every link was open to them: no page offers what would be refused.
    checked.end(8);
}

#[tokio::test]
async fn the_pages_of_the_owners_deeds() {
    let (app, owner, connection) = odd_workspace().await;
    let mut checked = Checked::default();
    checked.page(owner.get("/connections?find=nothing-like-it").await, 200);
    checked.page(owner.get("/connections/new?find=nothing-like-it").await, 200);
    let form = owner.get("/connections/new/source/postgres").await.form_with("lifetime");
    let slips = form
        .clone()
        .set("/port", "many")
        .set("lifetime", "date")
        .set("until", "yesterday")
        .set("note", &"x".repeat(999));
    checked.page(slips.press("intent", "share", &owner).await, 422);
    checked.page(share_page(&owner, "source", "facebook-ads", &[("note", ODD), ("recipient", "R")]).await, 200);
    let made = form.press("intent", "share", &owner);
    let made = checked.page(made.await, 200);
    checked.page(owner.get(&format!("{connection}/configuration")).await, 200);
    checked.page(owner.get(&format!("{connection}/deletion")).await, 200);
    let renamed =
        owner.get(&connection).await.form_with("description").set("description", &"x".repeat(9_999)).send(&owner).await;
    checked.page(renamed, 422);
    let page = owner.get(&connection).await;
    let revocation = page.actions().into_iter().find(|action| action.ends_with("/revocation")).unwrap();
    let revoked = page.form_to(&revocation).send(&owner).await;
    checked.page(owner.follow(&revoked).await, 200);
    assert!(made.count("input") > 0);
    app.advance(time::Duration::days(2));
    app.sweep().await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    checked.page(owner.get(&connection).await, 200);
    checked.page(owner.get("/connections").await, 200);
    checked.end(11);
}

#[tokio::test]
async fn every_connector_as_its_recipient_sees_it() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let mut checked = Checked::default();
    for kind in [Kind::Source, Kind::Destination] {
        for connector in app.app.connectors.search(kind, "") {
            let (_, link) = share(&owner, kind.as_str(), &connector.file.slug, &[]).await;
            let visitor = app.visitor();
            let form = checked.page(visitor.get(&link).await, 200).form_with("_csrf");
            let refused = form.press("intent", "complete", &visitor).await;
            // What is missing is said; a connector that asks for nothing is complete as it is.
            if refused.status != 303 {
                checked.page(refused, 422);
            }
        }
    }
    checked.end(60);
}

#[tokio::test]
async fn the_life_of_a_link() {
    let (app, owner, connection) = odd_workspace().await;
    let mut checked = Checked::default();
    let visitor = app.visitor();
    let link = share_again(&owner, &connection).await;
    let fresh = checked.page(visitor.get(&link).await, 200).form_with("/host");
    checked.page(fresh.clone().press("intent", "partial", &visitor).await, 422);
    let typed = fresh.set("/database", ODD).set("/port", "many").set("/password", "held-secret");
    let refused = checked.page(typed.press("intent", "partial", &visitor).await, 422);
    let sent = refused.form_with("/host").set("/port", "5432").press("intent", "partial", &visitor).await;
    checked.page(visitor.follow(&sent).await, 200);
    checked.page(visitor.get(&link).await, 410);
    checked.page(owner.get(&connection).await, 200);
    let expired = share_again(&owner, &connection).await;
    app.advance(time::Duration::days(2));
    checked.page(visitor.get(&expired).await, 410);
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let deleted = share_again(&owner, &connection).await;
    let confirm = owner.get(&format!("{connection}/deletion")).await.form_to(&format!("{connection}/deletion"));
    let gone = confirm.send(&owner).await;
    checked.page(owner.follow(&gone).await, 200);
    checked.page(visitor.get(&deleted).await, 410);
    checked.page(visitor.get("/scl/no-such-link").await, 404);
    checked.end(10);
}

#[tokio::test]
async fn the_life_of_an_invite_link() {
    let (app, owner, _) = odd_workspace().await;
    let mut checked = Checked::default();
    checked.page(owner.get("/invite-links").await, 200);
    checked.page(owner.get("/invite-links/inbox").await, 200);
    checked.page(invite_page(&owner, "source/nonesuch", &[("name", ""), ("cap", "many"), ("note", ODD)]).await, 422);
    let fields =
        [("name", ODD), ("greeting", ODD), ("note", ODD), ("approval", "yes"), ("expires", "2026-03-14T16:00")];
    let (page, link) = invite(&owner, "source/postgres", &fields).await;
    for path in [page.as_str(), "/invite-links", "/invite-links?find=nothing-like-it", "/invite-links?state=active"] {
        checked.page(owner.get(path).await, 200);
    }
    let visitor = app.visitor();
    let fresh = checked.page(visitor.get(&link).await, 200).form_with("/host");
    checked.page(fresh.clone().press("intent", "partial", &visitor).await, 422);
    let slips = fresh.clone().set("identity", &ODD.repeat(3)).set("/port", "many").set("/password", "held-secret");
    checked.page(slips.press("intent", "complete", &visitor).await, 422);
    let typed = fresh.set("identity", ODD).set("/database", ODD);
    let sent = typed.press("intent", "partial", &visitor).await;
    checked.page(visitor.follow(&sent).await, 200);
    checked.page(owner.get("/invite-links/inbox").await, 200);
    let panel = checked.page(owner.get(&page).await, 200);
    let waiting = panel.links().into_iter().find(|link| link.starts_with("/connections/postgres-")).unwrap();
    checked.page(owner.get(&waiting).await, 200);
    checked.page(owner.get("/connections?state=waiting").await, 200);
    checked.page(panel.form_to(&page).set("name", "").set("zone", "Mars/Base").send(&owner).await, 422);
    let saved = panel.form_to(&page).set("expires", "2026-03-13T10:00").send(&owner).await;
    checked.page(owner.follow(&saved).await, 200);
    checked.page(visitor.get(&link).await, 410);
    let gone = panel.form_to(&format!("{page}/deletion")).send(&owner).await;
    checked.page(owner.follow(&gone).await, 200);
    checked.page(visitor.get(&link).await, 410);
    checked.page(owner.get(&page).await, 200);
    for (field, value) in [("one_use", "yes"), ("cap", "1")] {
        let (page, link) = invite(&owner, "destination/postgres", &[(field, value)]).await;
        let sent = filled(&visitor, &link, "a.example").await.send(&visitor).await;
        checked.page(visitor.follow(&sent).await, 200);
        checked.page(visitor.get(&link).await, 410);
        checked.page(owner.get(&page).await, 200);
    }
    checked.end(26);
}

#[tokio::test]
async fn the_pages_before_and_without_an_account() {
    let app = TestApp::start();
    let visitor = app.visitor();
    let mut checked = Checked::default();
    let code = first_run_code(&app.app).await.unwrap().unwrap();
    let setup = checked.page(visitor.get(&format!("/setup?code={code}")).await, 200);
    checked.page(setup.form_with("code").set("code", "wrong").set("name", ODD).send(&visitor).await, 422);
    let owner = app.owner().await;
    let asked = visitor.get("/connections").await;
    checked.page(visitor.follow(&asked).await, 200);
    let sign_in = checked.page(visitor.get("/sign-in").await, 200);
    checked.page(sign_in.form_with("email").set("email", ODD).set("password", "x").send(&visitor).await, 422);
    let forgot = checked.page(visitor.get("/forgot-password").await, 200);
    checked.page(forgot.form_with("email").set("email", "ana@acme.example").send(&visitor).await, 200);
    checked.page(visitor.get("/no/such/page").await, 404);
    let foreign = Form { action: "/sign-in".to_owned(), pairs: vec![("_csrf".to_owned(), "x".to_owned())] };
    checked.page(foreign.send(&visitor).await, 403);
    checked.page(visitor.get("/sign-out").await, 405);
    let huge = foreign.set("email", &"x".repeat(4_200_000)).send(&visitor).await;
    checked.page(huge, 413);
    let viewer = app.member(&owner, Role::Viewer, "vi@acme.example").await;
    checked.page(viewer.get("/connections/new").await, 403);
    checked.end(11);
}

#[tokio::test]
async fn too_many_tries_are_told_so() {
    let app = TestApp::start_with(|config| config.server.rate_limits = true);
    let visitor = app.visitor();
    let mut checked = Checked::default();
    for _ in 0..500 {
        let page = visitor.get("/scl/no-such-link").await;
        if page.status == 429 {
            assert!(page.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().unwrap() >= 1));
            checked.page(page, 429);
            return checked.end(1);
        }
    }
    panic!("nobody was slowed down");
}

#[tokio::test]
async fn what_goes_wrong_inside_says_only_a_reference() {
    let (app, _owner, _, link) = app_with_link().await;
    app.app
        .db
        .write(|conn| {
            Ok(diesel::connection::SimpleConnection::batch_execute(conn, "ALTER TABLE setup_links RENAME TO mislaid")?)
        })
        .await
        .unwrap();
    let visitor = app.visitor();
    let page = visitor.get(&link).await;
    let reference = page.header("x-request-id").unwrap().to_owned();
    assert!(page.text().contains(&reference), "{}", page.text());
    for word in ["setup_links", "mislaid", "no such table", "does not exist", "diesel"] {
        assert!(!page.body.contains(word), "{word}");
    }
    let mut checked = Checked::default();
    checked.page(page, 500);
    checked.end(1);
}
