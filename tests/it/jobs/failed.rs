//! What was given up: a workspace sees and changes its own, and nothing that still waits.

use diesel::prelude::*;
use time::Duration;
use vestibule::base::clock::UtcTime;
use vestibule::base::ids::{JobId, WorkspaceId};
use vestibule::platform::db::Conn;
use vestibule::platform::db::schema::jobs;
use vestibule::platform::jobs::{
    Lane, count_failed, dismiss_failed, forget_failed, forgettable_failed, job_counts, lane_ages, list_failed,
    try_failed_again,
};

use crate::api::workspace_id;
use crate::support::TestApp;

/// A row of the table. All have used up their tries, and may have been heard twice.
pub(super) struct Sample<'a> {
    pub(super) id: &'a str,
    pub(super) kind: &'a str,
    pub(super) lane: Lane,
    pub(super) workspace: Option<&'a WorkspaceId>,
    pub(super) run_at: UtcTime,
    pub(super) failed_at: Option<UtcTime>,
}

impl Sample<'_> {
    pub(super) fn insert(&self, conn: &mut Conn) {
        diesel::insert_into(jobs::table)
            .values((
                (jobs::id.eq(self.id), jobs::kind.eq(self.kind), jobs::payload.eq("x"), jobs::lane.eq(self.lane)),
                (
                    jobs::workspace_id.eq(self.workspace),
                    jobs::run_at.eq(self.run_at),
                    jobs::failed_at.eq(self.failed_at),
                ),
                (jobs::created_at.eq(self.run_at), jobs::decided_at.eq(self.run_at)),
                (jobs::attempts.eq(8), jobs::handed_over.eq(2), jobs::about.eq(""), jobs::shown_receiver.eq("")),
            ))
            .execute(conn)
            .unwrap();
    }
}

struct Scene {
    app: TestApp,
    own: WorkspaceId,
    other: WorkspaceId,
    now: UtcTime,
}

impl Scene {
    /// Of our workspace two jobs failed, the second one later, and a mail waits; of another workspace one failed.
    async fn new() -> Self {
        let app = TestApp::start();
        app.owner().await;
        app.owner_of("Other", "Olga", "olga@other.example").await;
        let (own, other) = (workspace_id(&app, "Acme Analytics").await, workspace_id(&app, "Other").await);
        let now = app.app.clock.now();
        let scene = Self { app, own, other, now };
        let mut conn = scene.conn();
        diesel::delete(jobs::table).execute(&mut conn).unwrap();
        for (id, workspace, failed_at) in [
            ("first", &scene.own, Some(scene.ago(200))),
            ("later", &scene.own, Some(scene.ago(100))),
            ("waits", &scene.own, None),
            ("foreign", &scene.other, Some(scene.ago(150))),
        ] {
            let (kind, workspace) = (if failed_at.is_some() { "some_mail" } else { "other_mail" }, Some(workspace));
            Sample { id, kind, lane: Lane::NoticeMail, workspace, run_at: scene.ago(300), failed_at }.insert(&mut conn);
        }
        scene
    }

    fn conn(&self) -> Conn {
        self.app.place.open().unwrap()
    }

    fn ago(&self, seconds: i64) -> UtcTime {
        self.now - Duration::seconds(seconds)
    }

    fn ids(&self) -> Vec<String> {
        jobs::table.order(jobs::id).select(jobs::id).load(&mut self.conn()).unwrap()
    }
}

fn job(id: &str) -> JobId {
    JobId::from_text(id)
}

#[tokio::test]
async fn a_workspace_is_told_of_what_it_has_and_what_failed() {
    let scene = Scene::new().await;
    let mut conn = scene.conn();
    let mut listed = |workspace, limit| -> Vec<String> {
        let failed = list_failed(&mut conn, workspace, limit).unwrap();
        failed.into_iter().map(|failed| failed.id.to_string()).collect()
    };
    assert_eq!(
        (listed(&scene.own, 10), listed(&scene.other, 10)),
        (vec!["later".into(), "first".into()], vec!["foreign".into()])
    );
    assert_eq!(listed(&scene.own, 1), ["later"]);
    let count = |workspace, most| count_failed(&mut scene.conn(), workspace, most).unwrap();
    assert_eq!((count(&scene.own, 10), count(&scene.own, 1), count(&scene.other, 10)), (2, 1, 1));
}

#[tokio::test]
async fn what_is_tried_again_is_as_new_and_nobody_elses_is() {
    let scene = Scene::new().await;
    let (mut conn, now) = (scene.conn(), scene.now);
    type Row = (String, Option<UtcTime>, i32, i32, UtcTime, Option<UtcTime>);
    let all = || -> Vec<Row> {
        let columns = (jobs::id, jobs::failed_at, jobs::attempts, jobs::handed_over, jobs::run_at, jobs::decided_at);
        jobs::table.order(jobs::id).select(columns).load(&mut scene.conn()).unwrap()
    };
    let before = all();
    for (workspace, id) in
        [(&scene.other, "first"), (&scene.own, "foreign"), (&scene.own, "waits"), (&scene.own, "none")]
    {
        assert!(!try_failed_again(&mut conn, workspace, &job(id), now).unwrap(), "{id}");
        assert_eq!(all(), before, "{id}");
    }
    assert!(try_failed_again(&mut conn, &scene.own, &job("first"), now).unwrap());
    let expected: Vec<Row> = before
        .into_iter()
        .map(|row| if row.0 == "first" { (row.0, None, 0, 0, now, Some(now)) } else { row })
        .collect();
    assert_eq!(all(), expected);
}

#[tokio::test]
async fn what_is_dismissed_is_ones_own_and_failed() {
    let scene = Scene::new().await;
    let mut conn = scene.conn();
    for (workspace, id) in
        [(&scene.other, "later"), (&scene.own, "foreign"), (&scene.own, "waits"), (&scene.own, "none")]
    {
        assert!(!dismiss_failed(&mut conn, workspace, &job(id)).unwrap(), "{id}");
    }
    assert_eq!(scene.ids(), ["first", "foreign", "later", "waits"]);
    assert!(dismiss_failed(&mut conn, &scene.own, &job("later")).unwrap());
    assert_eq!(scene.ids(), ["first", "foreign", "waits"]);
}

#[tokio::test]
async fn only_what_failed_before_a_moment_is_forgotten_the_oldest_first() {
    let scene = Scene::new().await;
    let mut conn = scene.conn();
    for (seconds, limit, due) in [
        (10_000, 10, &[][..]),
        (200, 10, &[]),
        (199, 10, &["first"]),
        (120, 10, &["first", "foreign"]),
        (0, 2, &["first", "foreign"]),
        (0, 10, &["first", "foreign", "later"]),
    ] {
        let found = forgettable_failed(&mut conn, scene.ago(seconds), limit).unwrap();
        assert_eq!(found.iter().map(JobId::as_str).collect::<Vec<_>>(), due, "{seconds} seconds ago, {limit}");
    }
    assert_eq!(forget_failed(&mut conn, &[job("foreign"), job("waits"), job("none")]).unwrap(), 1);
    assert_eq!(scene.ids(), ["first", "later", "waits"]);
}

#[tokio::test]
async fn the_operators_figures_count_what_waits_and_what_failed() {
    let scene = Scene::new().await;
    let mut conn = scene.conn();
    for (id, kind, lane, run_at, failed_at) in [
        ("a", "sweep", Lane::Upkeep, scene.ago(30), None),
        ("b", "sweep", Lane::Upkeep, scene.ago(60), None),
        ("c", "refresh", Lane::Upkeep, scene.ago(900), Some(scene.ago(500))),
        ("d", "refresh", Lane::Providers, scene.now + Duration::MINUTE, None),
        ("e", "refresh", Lane::UrgentMail, scene.now, None),
    ] {
        Sample { id, kind, lane, workspace: None, run_at, failed_at }.insert(&mut conn);
    }
    let counts = job_counts(&mut conn).unwrap();
    let of = |pairs: &[(&str, i64)]| pairs.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect::<Vec<_>>();
    assert_eq!(counts.waiting, of(&[("other_mail", 1), ("refresh", 2), ("sweep", 2)]));
    assert_eq!(counts.failed, of(&[("refresh", 1), ("some_mail", 3)]));
    let mut ages: Vec<(&str, i64)> = Vec::new();
    for late in lane_ages(&mut conn, scene.now).unwrap() {
        ages.push((late.lane.as_str(), late.age.whole_seconds()));
    }
    ages.sort_unstable();
    assert_eq!(ages, [("notice_mail", 300), ("upkeep", 60), ("urgent_mail", 0)]);
}
