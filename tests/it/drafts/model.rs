//! Members with pages of any age, programs with and without what they read, and two people outside, at drafts of random connectors: after
//! every step the database holds what the plain model says, whatever was in conflict is said at its field, and nothing of it is taken.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use vestibule::features::accounts::api_keys::Scope;
use vestibule::features::connections::{Connection, find};
use vestibule::platform::db::schema::activity;

use crate::api::{Program, workspace_id};
use crate::support::drafts::{
    Field, Group, Merge, Sender, Typist, Wishes, knows_rows, random, schema, secret_places, titles, told, told_of,
};
use crate::support::{Dice, Form, Page, TestApp, Visitor, connectors};

/// Drafts, each of a connector of its own.
const DRAFTS: u64 = 20;
/// Deeds at each.
const STEPS: usize = 18;

/// A page that is open, with what it showed.
struct OpenPage {
    page: Page,
    shown: Group,
    by_owner: bool,
}

/// What a program has read.
struct Reading {
    revision: Value,
    config: Value,
    shown: Group,
}

/// One draft, and everybody who is busy with it.
struct Desk<'a> {
    app: &'a TestApp,
    owner: &'a Visitor,
    program: &'a Program,
    outsider: Visitor,
    slug: String,
    fields: Vec<Field>,
    dice: Dice,
    serial: u32,
    rows: u32,
    model: Group,
    pages: Vec<OpenPage>,
    readings: Vec<Reading>,
    /// What people outside have called rows: they are not shown what others of them said.
    names_from_outside: BTreeSet<String>,
    /// Removals that the timeline has told.
    removals: BTreeSet<String>,
    conflicts: usize,
}

fn connector(number: u64) -> (Dice, Vec<Field>) {
    let mut dice = Dice(0x5eed + number);
    let fields = random(&mut dice);
    (dice, fields)
}

fn app() -> TestApp {
    let fill = |dir: &std::path::Path| {
        for number in 0..DRAFTS {
            let slug = format!("maze-{number}");
            let file = json!({"slug": slug, "name": "Maze", "kind": "source", "spec": schema(&connector(number).1)});
            std::fs::write(dir.join(format!("{slug}.json")), file.to_string()).unwrap();
        }
    };
    connectors::app_with(fill, |_| {})
}

#[tokio::test]
async fn the_draft_holds_what_everybody_said() {
    let app = app();
    let owner = app.owner().await;
    let program = Program::nobody(&app).await.with_scopes(&app, "Acme Analytics", Scope::ALL).await;
    let mut conflicts = 0;
    for number in 0..DRAFTS {
        let (dice, fields) = connector(number);
        let slug = program.draft("sources", &format!("maze-{number}")).await;
        let mut desk = Desk {
            app: &app,
            owner: &owner,
            program: &program,
            outsider: app.visitor(),
            slug,
            fields,
            dice,
            serial: 0,
            rows: 0,
            model: Group::new(),
            pages: Vec::new(),
            readings: Vec::new(),
            names_from_outside: BTreeSet::new(),
            removals: BTreeSet::new(),
            conflicts: 0,
        };
        for _ in 0..STEPS {
            desk.step().await;
        }
        desk.look().await;
        conflicts += desk.conflicts;
    }
    assert!(conflicts > 15, "people get in each other's way: {conflicts}");
}

impl Desk<'_> {
    async fn step(&mut self) {
        match self.dice.throw(8) {
            0 => self.open(true).await,
            1 => self.open(false).await,
            2 => self.read().await,
            3 | 4 => self.send_page(true).await,
            5 | 6 => self.send_page(false).await,
            _ => self.send_values().await,
        }
    }

    fn path(&self) -> String {
        format!("/api/v1/sources/{}/", self.slug)
    }

    /// Somebody opens their page: a member the configuration, somebody outside a link of their own.
    async fn open(&mut self, by_owner: bool) {
        let page = if by_owner {
            self.owner.get(&format!("/connections/{}/configuration", self.slug)).await
        } else {
            let made = self.program.post(&format!("{}setup-tokens/", self.path()), json!({})).await.expect(201);
            self.outsider.get(&format!("/scl/{}", made.text("/token"))).await
        };
        assert_eq!(page.status, 200, "{}", page.text());
        self.looks_right(&page, by_owner);
        self.pages.push(OpenPage { page, shown: self.model.clone(), by_owner });
    }

    async fn read(&mut self) {
        let read = self.program.get(&self.path()).await.expect(200).json;
        let reading =
            Reading { revision: read["revision"].clone(), config: read["config"].clone(), shown: self.model.clone() };
        self.readings.push(reading);
    }

    /// Any page that is open, else a new one.
    async fn a_page(&mut self, by_owner: bool) -> OpenPage {
        if !self.pages.iter().any(|page| page.by_owner == by_owner) {
            self.open(by_owner).await;
        }
        let mine: Vec<usize> = (0..self.pages.len()).filter(|at| self.pages[*at].by_owner == by_owner).collect();
        self.pages.remove(mine[usize::try_from(self.dice.throw(mine.len() as u64)).unwrap()])
    }

    async fn send_page(&mut self, by_owner: bool) {
        let OpenPage { page, shown, .. } = self.a_page(by_owner).await;
        let Form { action, mut pairs } = page.form_with("_revision");
        let mut typist = Typist { pairs: &mut pairs, by_owner, dice: &mut self.dice, serial: &mut self.serial };
        let wishes = typist.fill(&self.fields, &shown);
        let sent = Form { action, pairs }.press("intent", intent(by_owner), self.visitor(by_owner)).await;
        self.looks_right(&sent, by_owner);
        let Some(refused) = self.judge_page(sent, &wishes, &shown, by_owner).await else { return };
        // What was typed is still there; sent again, it counts. Secrets are typed again by members.
        let is_whole = knows_rows(&self.fields, &wishes, &self.model);
        if is_whole && !(by_owner && format!("{wishes:?}").contains("Secret(")) {
            let again = refused.form_with("_revision").press("intent", intent(by_owner), self.visitor(by_owner)).await;
            let shown = self.model.clone();
            assert!(self.judge_page(again, &wishes, &shown, by_owner).await.is_none());
        }
    }

    fn visitor(&self, by_owner: bool) -> &Visitor {
        if by_owner { self.owner } else { &self.outsider }
    }

    /// Holds what became of a page against the model; gives the page back when it was refused.
    async fn judge_page(&mut self, sent: Page, wishes: &Wishes, shown: &Group, by_owner: bool) -> Option<Page> {
        let (after, due) = self.due(wishes, shown);
        let case = format!("{}: {wishes:?}\nshown {shown:?}\nnow {:?}\n{}", self.slug, self.model, sent.text());
        let says_nothing = after == self.model;
        if due.is_empty() {
            // To send nothing is refused where somebody outside does it.
            let may_be_refused = says_nothing && !by_owner && sent.text().contains("Nothing is filled in yet");
            assert!(sent.status == 303 || may_be_refused, "{}", case);
            self.took(after, wishes, !by_owner, &case).await;
            return None;
        }
        assert_eq!(sent.status, 422, "{}", case);
        let told: BTreeSet<String> = sent.texts(".error-summary li").iter().flat_map(|line| questions(line)).collect();
        assert_eq!(told, due, "{}", case);
        self.conflicts += 1;
        self.holds(&case).await;
        Some(sent)
    }

    async fn send_values(&mut self) {
        if self.readings.is_empty() || self.dice.coin() {
            self.read().await;
        }
        let at = usize::try_from(self.dice.throw(self.readings.len() as u64)).unwrap();
        let is_newest = at + 1 == self.readings.len() && self.readings[at].shown == self.model;
        let Reading { revision, config, shown } = self.readings.remove(at);
        let mut sender = Sender { dice: &mut self.dice, serial: &mut self.serial };
        let (values, wishes) = sender.change(&self.fields, &shown, &config);
        let mut body = json!({"config": values});
        if !(is_newest && self.dice.coin()) {
            body["base_revision"] = revision;
        }
        let answer = self.program.patch(&self.path(), body.clone()).await;
        let (after, due) = self.due(&wishes, &shown);
        let case =
            format!("{}: {body}\nmeant {wishes:?}\nshown {shown:?}\nnow {:?}\n{}", self.slug, self.model, answer.body);
        if due.is_empty() {
            assert_eq!(answer.status, 200, "{case}");
            return self.took(after, &wishes, false, &case).await;
        }
        assert_eq!(answer.status, 409, "{case}");
        let mut known = BTreeMap::new();
        titles(&self.fields, "/config", &mut known);
        let errors = answer.json["errors"].as_array().unwrap();
        let told: Vec<_> =
            errors.iter().map(|error| known[&without_rows(error["pointer"].as_str().unwrap())].clone()).collect();
        assert!(told.iter().all(|titles| titles.iter().any(|title| due.contains(title))), "{case}\n{due:?}");
        assert!(due.iter().all(|title| told.iter().any(|titles| titles.contains(title))), "{case}\n{due:?}");
        self.conflicts += 1;
        self.holds(&case).await;
    }

    /// What the draft has to hold afterwards, and what is in conflict.
    fn due(&mut self, wishes: &Wishes, shown: &Group) -> (Group, BTreeSet<String>) {
        let mut merge = Merge::new(&mut self.rows);
        let after = merge.group(&self.fields, wishes, shown, &self.model);
        (after, merge.conflicts)
    }

    /// It was taken.
    async fn took(&mut self, after: Group, wishes: &Wishes, is_from_outside: bool, case: &str) {
        let mut names: BTreeSet<String> = BTreeSet::new();
        for text in format!("{wishes:?}").split('"').filter(|text| text.starts_with("name-")) {
            names.insert(text.to_owned());
        }
        if is_from_outside {
            self.names_from_outside.extend(names);
        } else {
            self.names_from_outside.retain(|name| !names.contains(name));
        }
        let (before, now) = (secret_places(&self.model), secret_places(&after));
        let gone: Vec<String> = before.keys().filter(|place| !now.contains_key(*place)).cloned().collect();
        self.model = after;
        self.holds(case).await;
        self.names_in_timeline(&gone, case).await;
    }

    /// Every secret that went is named in the timeline; where none went, nothing is said.
    async fn names_in_timeline(&mut self, gone: &[String], case: &str) {
        let mut known = BTreeMap::new();
        titles(&self.fields, "", &mut known);
        let id = self.connection().await.id;
        let read = move |conn: &mut vestibule::platform::db::Conn| {
            let of = activity::table.filter(activity::connection_id.eq(id));
            let removals = of.filter(activity::event.eq("connection.secrets_removed"));
            Ok(removals.select((activity::id, activity::detail)).load::<(String, String)>(conn)?)
        };
        let mut said: Vec<(String, String)> = self.app.app.db.read(read).await.unwrap();
        said.retain(|(id, _)| self.removals.insert(id.clone()));
        assert_eq!(said.is_empty(), gone.is_empty(), "{said:?} {gone:?} {case}");
        for place in gone {
            let is_named = known[&without_rows(place)].iter().any(|title| said[0].1.contains(title.as_str()));
            assert!(is_named, "{place} went, and the timeline says {said:?}: {case}");
        }
    }

    async fn connection(&self) -> Connection {
        let (workspace, slug) = (workspace_id(self.app, "Acme Analytics").await, self.slug.clone());
        let read = move |conn: &mut vestibule::platform::db::Conn| Ok(find(conn, &workspace, &slug)?.unwrap());
        self.app.app.db.read(read).await.unwrap()
    }

    /// The database holds what the model says, and no secret beside.
    async fn holds(&self, case: &str) {
        let connection = self.connection().await;
        let values = connection.open_values(&self.app.app.keys).unwrap();
        let paths: BTreeSet<_> = values.secrets.keys().cloned().collect();
        assert_eq!(paths, connection.secret_paths);
        let mut secrets: BTreeMap<String, String> =
            values.secrets.iter().map(|(path, text)| (path.to_string(), text.expose_secret().to_owned())).collect();
        let stored = told_of(&self.fields, &Value::Object(values.plain), "", &mut secrets);
        assert_eq!(stored, told(&self.model), "{case}");
        assert_eq!(secrets, BTreeMap::new(), "secrets that belong nowhere: {case}");
    }

    /// No page shows a secret, and none of somebody outside what another one outside said.
    fn looks_right(&self, page: &Page, by_owner: bool) {
        assert!(!page.body.contains("secret-"), "{}", page.body);
        if !by_owner {
            let values: Vec<String> = page.field_values();
            let seen: Vec<&String> = self.names_from_outside.iter().filter(|name| values.contains(name)).collect();
            assert!(seen.is_empty() || page.status == 422, "{seen:?} on {}", page.text());
        }
    }

    /// What programs are shown, with and without secrets.
    async fn look(&self) {
        let read = self.program.get(&self.path()).await.expect(200);
        assert!(!read.body.contains("secret-"), "{}", read.body);
        let whole = self.program.get(&format!("{}credentials/", self.path())).await.expect(200).json["config"].clone();
        assert_eq!(plain(&whole), told(&self.model), "{}", self.slug);
        assert_eq!(hidden(&read.json["config"]), hidden(&told(&self.model)), "{}", self.slug);
    }
}

const fn intent(by_owner: bool) -> &'static str {
    if by_owner { "save" } else { "partial" }
}

/// The questions that a line names.
fn questions(line: &str) -> Vec<String> {
    let mut words = line.split(|letter: char| !letter.is_ascii_alphanumeric());
    let is_title = |word: &&str| {
        word.len() > 2 && word.to_uppercase().starts_with('Q') && word[1..].bytes().all(|byte| byte.is_ascii_digit())
    };
    words.rfind(is_title).map(str::to_uppercase).into_iter().collect()
}

fn without_rows(pointer: &str) -> String {
    let is_row = |part: &&str| part.parse::<u32>().is_err();
    pointer.split('/').filter(is_row).collect::<Vec<_>>().join("/")
}

/// Without what follows from the connector alone.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let is_answer = |value: &Value| *value != json!(true) && *value != json!([]);
            object
                .iter()
                .filter(|(_, value)| is_answer(value))
                .map(|(key, value)| (key.clone(), plain(value)))
                .collect()
        }
        Value::Array(list) => list.iter().map(plain).collect(),
        other => other.clone(),
    }
}

/// The same with one word for every secret.
fn hidden(value: &Value) -> Value {
    match plain(value) {
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), hidden(value))).collect(),
        Value::Array(list) => list.iter().map(hidden).collect(),
        Value::String(text) if text.starts_with("~secret:") || text.starts_with("secret-") => json!("set"),
        other => other,
    }
}
