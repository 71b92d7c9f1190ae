//! Plans by the clock: which are due, which have lost their time, and who may move one on.

use diesel::prelude::*;
use time::Duration;
use vestibule::base::clock::UtcTime;
use vestibule::base::ids::{ConnectionId, WorkspaceId};
use vestibule::features::streams::{
    Blocked, advance, astray_plans, block_plan, due_plans, find_plan, set_next, stop_plan, unblock_plan,
};
use vestibule::platform::db::Conn;
use vestibule::platform::db::schema::plans;

use crate::api::workspace_id;
use crate::support::{TestApp, many};

struct Scene {
    app: TestApp,
    own: WorkspaceId,
    now: UtcTime,
}

fn id(number: usize) -> ConnectionId {
    ConnectionId::from_text(&format!("b{number:07}"))
}

impl Scene {
    /// Two plans whose time has come, one whose time comes, one by hand, one whose time was never worked out.
    async fn new() -> Self {
        let app = TestApp::start();
        app.owner().await;
        let (own, now) = (workspace_id(&app, "Acme Analytics").await, app.app.clock.now());
        let scene = Self { app, own, now };
        let mut conn = scene.conn();
        many::connections(&mut conn, scene.own.as_str(), 5);
        let at = |seconds: i64| Some(now + Duration::seconds(seconds));
        for (number, next_at, reckoned_at) in
            [(0, at(-20), at(-60)), (1, at(-50), at(-60)), (2, at(60), at(-60)), (3, None, None), (4, None, None)]
        {
            let hourly = number != 3;
            diesel::insert_into(plans::table)
                .values((
                    (plans::connection_id.eq(id(number)), plans::workspace_id.eq(&scene.own), plans::streams.eq("[]")),
                    (plans::table_prefix.eq(""), plans::output_layer.eq("files"), plans::version.eq(1)),
                    plans::trigger_type.eq(if hourly { "cron" } else { "manual" }),
                    plans::cron.eq(hourly.then_some("0 * * * *")),
                    plans::zone.eq(hourly.then_some("UTC")),
                    (plans::next_at.eq(next_at), plans::reckoned_at.eq(reckoned_at), plans::updated_at.eq(now)),
                ))
                .execute(&mut conn)
                .unwrap();
        }
        scene
    }

    fn conn(&self) -> Conn {
        self.app.place.open().unwrap()
    }

    /// What the table says of each plan's clock.
    fn clocks(&self) -> Vec<(Option<UtcTime>, Option<UtcTime>, Option<String>)> {
        let columns = (plans::next_at, plans::blocked_since, plans::blocked_reason);
        plans::table.order(plans::connection_id).select(columns).load(&mut self.conn()).unwrap()
    }
}

fn places(found: Vec<(WorkspaceId, ConnectionId)>) -> Vec<ConnectionId> {
    found.into_iter().map(|(_, connection)| connection).collect()
}

#[tokio::test]
async fn plans_that_are_due_come_in_their_order_and_lost_ones_are_found() {
    let scene = Scene::new().await;
    let (mut conn, now) = (scene.conn(), scene.now);
    let due = |limit| places(due_plans(&mut scene.conn(), now, limit).unwrap());
    assert_eq!((due(10), due(1)), (vec![id(1), id(0)], vec![id(1)]));
    let mut astray = |limit| {
        let mut found = places(astray_plans(&mut conn, now, limit).unwrap());
        found.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        found
    };
    assert_eq!(astray(10), [id(4)], "nobody works out the next time of one by hand");
    for (seconds, found) in [(60, vec![id(4)]), (61, vec![id(2), id(4)])] {
        let ahead = plans::reckoned_at.eq(now + Duration::seconds(seconds));
        diesel::update(plans::table.find(id(2))).set(ahead).execute(&mut scene.conn()).unwrap();
        assert_eq!(astray(10), found, "worked out {seconds} seconds from now");
    }
    assert_eq!(astray(1).len(), 1);
}

#[tokio::test]
async fn a_plan_is_moved_on_by_one_and_as_it_was_read() {
    let scene = Scene::new().await;
    let (mut conn, now) = (scene.conn(), scene.now);
    assert!(find_plan(&mut conn, &WorkspaceId::from_text("other"), &id(0)).unwrap().is_none());
    let read = |number| find_plan(&mut scene.conn(), &scene.own, &id(number)).unwrap().unwrap();
    let (plan, changed) = (read(0), read(1));
    let before = scene.clocks();
    diesel::update(plans::table.find(id(1))).set(plans::version.eq(2)).execute(&mut conn).unwrap();
    assert!(!advance(&mut conn, &id(1), &changed, now).unwrap(), "somebody changed it");
    assert_eq!(scene.clocks(), before);
    assert!(advance(&mut conn, &id(0), &plan, now).unwrap());
    let mut after = before.clone();
    after[0].0 = Some(now + Duration::HOUR);
    assert_eq!(scene.clocks(), after);
    assert!(!advance(&mut conn, &id(0), &plan, now).unwrap(), "another worker has moved it on");

    let ahead = plans::reckoned_at.eq(now + Duration::days(1));
    diesel::update(plans::table).set(ahead).execute(&mut conn).unwrap();
    set_next(&mut conn, &id(2), None, now).unwrap();
    assert!(advance(&mut conn, &id(1), &read(1), now).unwrap());
    let mut lost = places(astray_plans(&mut conn, now, 10).unwrap());
    lost.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    assert_eq!(lost, [id(0), id(4)], "these two were worked out now");
    after[1].0 = Some(now + Duration::HOUR);
    after[2].0 = None;
    assert_eq!(scene.clocks(), after);
}

#[tokio::test]
async fn a_plan_that_is_blocked_or_stopped_is_one() {
    let scene = Scene::new().await;
    let (mut conn, now) = (scene.conn(), scene.now);
    let mut expected = scene.clocks();
    for number in [0, 1] {
        block_plan(&mut conn, &id(number), &Blocked { since: now, reason: format!("reason {number}") }).unwrap();
        (expected[number].1, expected[number].2) = (Some(now), Some(format!("reason {number}")));
    }
    assert_eq!(scene.clocks(), expected);
    unblock_plan(&mut conn, &id(0)).unwrap();
    (expected[0].1, expected[0].2) = (None, None);
    stop_plan(&mut conn, &id(1)).unwrap();
    expected[1].0 = None;
    assert_eq!(scene.clocks(), expected);
}
