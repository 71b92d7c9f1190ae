//! What is shown of a setup link is what is stored of it: its page, its row in the table, the API, the counts and the button agree in
//! every state; and what is dead stays dead, whatever the clock does.

use serde_json::json;
use vestibule::features::accounts::api_keys::Scope;
use vestibule::features::{connections, setup_links};

use crate::api::{Program, workspace_id};
use crate::support::{Form, Page, TestApp, Visitor, shop};

/// What a link is, as a plain model knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Used,
    Revoked,
    Closed,
    Expired,
}

impl Fate {
    /// The word of the API, that of the table, and what the page of a dead link says.
    fn words(self, is_deleted: bool) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Open => ("open", "Open", ""),
            Self::Used => ("used", "Used", "already been used"),
            Self::Revoked => ("revoked", "Revoked", "withdrew this link"),
            Self::Closed if is_deleted => ("closed", "Closed", "deleted what this link was for"),
            Self::Closed => ("closed", "Closed", "has finished this connection"),
            Self::Expired => ("expired", "Expired", "It was open until"),
        }
    }
}

struct ModelLink {
    id: String,
    path: String,
    expires: i64,
    fate: Fate,
    /// The form as it was when the link was new.
    form: Form,
    /// What was taken.
    sent: String,
}

struct Model {
    app: TestApp,
    owner: Visitor,
    program: Program,
    outsider: Visitor,
    slug: String,
    links: Vec<ModelLink>,
    is_final: bool,
}

impl Model {
    async fn start() -> Self {
        let app = shop::app();
        let owner = app.owner().await;
        let program = Program::nobody(&app).await.with_scopes(&app, "Acme Analytics", Scope::ALL).await;
        let slug = program.draft("sources", "shop").await;
        let outsider = app.visitor();
        Self { app, owner, program, outsider, slug, links: Vec::new(), is_final: false }
    }

    fn tokens(&self) -> String {
        format!("/api/v1/sources/{}/setup-tokens/", self.slug)
    }

    fn now(&self) -> i64 {
        self.app.app.clock.now().unix()
    }

    async fn make(&mut self, seconds: i64) {
        let made = self.program.post(&self.tokens(), json!({"expires_in_seconds": seconds})).await;
        if self.is_final {
            made.expect(409);
            return;
        }
        let made = made.expect(201);
        let path = format!("/scl/{}", made.text("/token"));
        let form = self.outsider.get(&path).await.form_with("/mode").set("/token", "right-1").add("intent", "partial");
        let link = ModelLink {
            id: made.text("/id"),
            path,
            expires: self.now() + seconds,
            fate: Fate::Open,
            form,
            sent: String::new(),
        };
        self.links.push(link);
    }

    async fn send(&mut self, place: usize, mode: &str) {
        let now = self.now();
        let link = &mut self.links[place];
        let sent = link.form.clone().set("/mode", mode).send(&self.outsider).await;
        let opens = link.fate == Fate::Open && now < link.expires;
        // What was taken before gets its receipt again, and nothing else does.
        let is_same = link.fate == Fate::Used && link.sent == mode;
        let expected = if opens || is_same { 303 } else { 410 };
        assert_eq!(sent.status, expected, "{:?}: {}", link.fate, sent.text());
        if opens {
            link.fate = Fate::Used;
            mode.clone_into(&mut link.sent);
        }
    }

    async fn revoke(&mut self, place: usize) {
        let now = self.now();
        self.program.delete(&format!("{}{}/", self.tokens(), self.links[place].id)).await.expect(204);
        let link = &mut self.links[place];
        if link.fate == Fate::Open && now < link.expires {
            link.fate = Fate::Revoked;
        }
    }

    async fn finalise(&mut self) {
        self.program
            .patch(&format!("/api/v1/sources/{}/", self.slug), json!({"config": {"token": "right-2"}}))
            .await
            .expect(200);
        self.app.advance(time::Duration::SECOND);
        self.program.post(&format!("/api/v1/sources/{}/revalidate/", self.slug), json!({})).await.expect(202);
        self.app.work().await;
        let body = json!({"draft": false, "add_streams": [{"stream_name": "people"}]});
        self.program.patch(&format!("/api/v1/sources/{}/", self.slug), body).await.expect(200);
        self.is_final = true;
        self.end_open_ones();
    }

    fn end_open_ones(&mut self) {
        let now = self.now();
        for link in self.links.iter_mut().filter(|link| link.fate == Fate::Open) {
            link.fate = if now < link.expires { Fate::Closed } else { Fate::Expired };
        }
    }

    /// Every place says what the model says.
    async fn agrees(&mut self, after: &str) {
        let now = self.now();
        for link in &mut self.links {
            if link.fate == Fate::Open && now >= link.expires {
                link.fate = Fate::Expired;
            }
            let page = self.outsider.get(&link.path).await;
            is_page_of(&page, link.fate, false, after);
        }
        let listed = self.program.get(&self.tokens()).await.expect(200);
        let page = self.owner.get(&format!("/connections/{}", self.slug)).await;
        let table: Vec<String> = page.texts("section[aria-labelledby=links] tbody .badge");
        let revocable = page.actions().into_iter().filter(|action| action.ends_with("/revocation")).collect::<Vec<_>>();
        let rows = listed.json["results"].as_array().unwrap();
        assert_eq!((rows.len(), table.len()), (self.links.len(), self.links.len()), "{after}");
        for (row, said) in rows.iter().enumerate() {
            let link = self.links.iter().find(|link| said["id"] == json!(link.id)).unwrap();
            let (api, word, _) = link.fate.words(false);
            assert_eq!(said["state"], json!(api), "{after}: {}", listed.body);
            assert_eq!(said["closed_at"].is_string(), link.fate == Fate::Closed, "{after}: {said}");
            assert_eq!(table.get(row).map(String::as_str), Some(word), "{after}: row {row} of {table:?}");
            let may_revoke = revocable.iter().any(|action| action.contains(&link.id));
            assert_eq!(may_revoke, link.fate == Fate::Open, "{after}: {revocable:?}");
        }
        let open = self.links.iter().filter(|link| link.fate == Fate::Open).count();
        let asked = self.owner.get(&format!("/connections/{}/deletion", self.slug)).await.text();
        let told = match open {
            0 => !asked.contains("open link"),
            1 => asked.contains("1 open link stops"),
            more => asked.contains(&format!("{more} open links stop")),
        };
        assert!(told, "{after}: {open} are open: {asked}");
        assert_eq!(self.open_count().await, i64::try_from(open).unwrap(), "{after}");
    }

    /// What lists count.
    async fn open_count(&self) -> i64 {
        let (workspace, slug, now) =
            (workspace_id(&self.app, "Acme Analytics").await, self.slug.clone(), self.app.app.clock.now());
        let counted = self.app.app.db.read(move |conn| {
            let connection = connections::find(conn, &workspace, &slug)?.unwrap();
            let ids = [connection.id];
            Ok(setup_links::open_counts(conn, &workspace, &ids, now)?.get(&ids[0]).copied().unwrap_or(0))
        });
        counted.await.unwrap()
    }

    /// The connection goes; pages of links that had ended say what they said before.
    async fn delete(mut self) {
        self.program.delete(&format!("/api/v1/sources/{}/", self.slug)).await.expect(204);
        let before: Vec<Fate> = self.links.iter().map(|link| link.fate).collect();
        self.end_open_ones();
        for (link, before) in self.links.iter().zip(before) {
            let page = self.outsider.get(&link.path).await;
            is_page_of(&page, link.fate, before == Fate::Open, "deletion");
        }
    }
}

fn is_page_of(page: &Page, fate: Fate, is_deleted: bool, after: &str) {
    let (status, words) = (if fate == Fate::Open { 200 } else { 410 }, fate.words(is_deleted).2);
    assert_eq!(page.status, status, "{after}, {fate:?}: {}", page.text());
    assert!(page.text().contains(words), "{after}, {fate:?}: {}", page.text());
}

/// Numbers that look random and are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 >> 1).unwrap() % end
    }
}

/// Random deeds, jumps of the clock in both directions, sweeps; after each of them every place is asked.
#[tokio::test]
async fn every_place_says_the_same_of_a_link_and_dead_stays_dead() {
    for seed in 0..3 {
        let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15 ^ (seed + 1));
        let mut model = Model::start().await;
        model.make(1_200).await;
        let finalised_at = 8 + numbers.below(8);
        for step in 0..18 {
            let place = usize::try_from(numbers.below(i64::try_from(model.links.len()).unwrap())).unwrap();
            let deed = if step == finalised_at { 9 } else { numbers.below(9) };
            match deed {
                0 | 1 if model.links.len() < 6 => model.make(300 + numbers.below(3_700)).await,
                2 => model.send(place, &format!("sent {}", step / 4)).await,
                3 => model.revoke(place).await,
                4 => model.app.sweep().await,
                5 | 6 => model.app.advance(time::Duration::seconds(numbers.below(2_000))),
                7 | 8 => model.app.advance(-time::Duration::seconds(numbers.below(2_000))),
                9 => model.finalise().await,
                _ => {}
            }
            model.agrees(&format!("seed {seed}, step {step}, deed {deed}")).await;
        }
        model.delete().await;
    }
}

/// The one deed that nobody sees: a member takes a finalised draft's link away.
#[tokio::test]
async fn finalising_closes_the_links_and_revoking_afterwards_changes_no_words() {
    let mut model = Model::start().await;
    model.make(3_600).await;
    model.make(300).await;
    model.make(3_600).await;
    model.revoke(2).await;
    model.app.advance(time::Duration::seconds(300));
    model.finalise().await;
    assert_eq!(
        model.links.iter().map(|link| link.fate).collect::<Vec<_>>(),
        [Fate::Closed, Fate::Expired, Fate::Revoked]
    );
    model.agrees("finalised").await;
    for place in 0..3 {
        model.revoke(place).await;
    }
    model.agrees("revoked afterwards").await;
    model.app.advance(time::Duration::hours(5));
    model.app.sweep().await;
    model.agrees("long after").await;
    let page = model.owner.get(&format!("/connections/{}", model.slug)).await;
    assert_eq!(page.text().matches("expired unused").count(), 1, "only the one that expired: {}", page.text());
    model.send(0, "late").await;
    model.delete().await;
}

/// Making a link and ending its draft at once: either the link is there and closed, or it was refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_link_is_left_open_by_whoever_ends_its_draft_at_the_same_moment() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let workspace = workspace_id(&app, "Acme Analytics").await;
    for _ in 0..10 {
        let slug = program.draft("sources", "postgres").await;
        let tokens = format!("/api/v1/sources/{slug}/setup-tokens/");
        let making = (0..6).map(|_| {
            let (program, tokens) = (program.clone(), tokens.clone());
            tokio::spawn(async move { program.post(&tokens, json!({})).await })
        });
        let making: Vec<_> = making.collect();
        program.delete(&format!("/api/v1/sources/{slug}/")).await.expect(204);
        for made in making {
            let made = made.await.unwrap();
            assert!(matches!(made.status, 201 | 404 | 409), "{}: {}", made.status, made.body);
            if made.status == 201 {
                let page = app.visitor().get(&format!("/scl/{}", made.text("/token"))).await;
                assert!(page.status == 410 && page.text().contains("deleted"), "{}", page.text());
            }
        }
    }
    let open = app.app.db.read(move |conn| {
        use diesel::prelude::*;
        use vestibule::platform::db::schema::setup_links::dsl;
        let of_workspace = dsl::setup_links.filter(dsl::workspace_id.eq(workspace));
        Ok(of_workspace.filter(dsl::closed_at.is_null()).count().get_result::<i64>(conn)?)
    });
    assert_eq!(open.await.unwrap(), 0, "every link of a deleted draft is closed in its row too");
}

#[tokio::test]
async fn a_link_counts_as_open_up_to_its_end() {
    use diesel::prelude::*;
    use vestibule::base::ids::ConnectionId;
    use vestibule::platform::db::schema::setup_links as table;
    let (app, ..) = super::app_with_link().await;
    let workspace = workspace_id(&app, "Acme Analytics").await;
    let counted = app.app.db.read(move |conn| {
        let link = table::table.select((table::connection_id, table::expires_at));
        let (connection, end): (ConnectionId, vestibule::base::clock::UtcTime) = link.first(conn)?;
        let mut count = |now| setup_links::open_counts(conn, &workspace, std::slice::from_ref(&connection), now);
        Ok((count(end - time::Duration::MICROSECOND)?.len(), count(end)?.len()))
    });
    assert_eq!(counted.await.unwrap(), (1, 0));
}
