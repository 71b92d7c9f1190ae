//! Whose delivery is next. Workspaces share the places of a process, and those that one host has: what one of them has queued for a slow
//! receiver keeps no other waiting.

use std::collections::{BTreeSet, VecDeque};

use super::deliveries::{self, WaitingDelivery};
use crate::base::clock::UtcTime;
use crate::base::error::AppResult;
use crate::base::ids::{WebhookDeliveryId, WorkspaceId};
use crate::features::accounts;
use crate::platform::db::Conn;
use crate::platform::jobs::{QueueHead, may_begin, next_turn};

/// Tries at the same time in this process.
pub(super) const AT_ONCE: usize = 64;
/// Of these for one host.
const PER_HOST: usize = 4;
/// Deliveries of one workspace that are looked at together; the next look finds more.
const OF_ONE: i64 = 16;
/// So many of those that began last are remembered to see who was served.
const BEGUN_REMEMBERED: usize = 500;

/// A try that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BusyTry {
    pub(super) delivery: WebhookDeliveryId,
    workspace: WorkspaceId,
    host: String,
}

impl From<WaitingDelivery> for BusyTry {
    fn from(waiting: WaitingDelivery) -> Self {
        Self { delivery: waiting.id, workspace: waiting.workspace_id, host: waiting.host }
    }
}

/// Which workspaces' tries began last here, and when.
#[derive(Debug, Default)]
pub(super) struct BegunLately(VecDeque<(WorkspaceId, UtcTime)>);

impl BegunLately {
    pub(super) fn note(&mut self, workspace: WorkspaceId, at: UtcTime) {
        self.0.truncate(BEGUN_REMEMBERED - 1);
        self.0.push_front((workspace, at));
    }

    /// How many of a workspace began since something of it is due.
    fn since(&self, due: &WaitingDelivery) -> usize {
        self.0.iter().filter(|(workspace, at)| *workspace == due.workspace_id && Some(*at) >= due.next_at).count()
    }
}

/// What is due, as far as it may be taken next.
pub(super) struct WaitingQueue {
    /// The oldest first.
    waiting: Vec<WaitingDelivery>,
    /// Whether a workspace leaves places free for others.
    keeps_room: bool,
}

impl WaitingQueue {
    /// Looks at the oldest of every workspace that go where there is room.
    pub(super) fn load(conn: &mut Conn, busy: &[BusyTry], now: UtcTime) -> AppResult<Self> {
        let keeps_room = accounts::several_workspaces(conn)?;
        let (mut waiting, mut after) = (Vec::new(), String::new());
        while let Some(workspace) = deliveries::next_workspace_with_due(conn, &after, now)? {
            let hosts: BTreeSet<&str> = busy.iter().map(|busy| busy.host.as_str()).collect();
            let closed = hosts.into_iter().filter(|host| !may_go_to(host, &workspace, busy, keeps_room));
            let closed: Vec<String> = closed.map(str::to_owned).collect();
            waiting.extend(deliveries::due(conn, &workspace, &closed, OF_ONE, now)?);
            after = workspace.to_string();
        }
        waiting.sort_by(|a, b| (a.next_at, &a.id).cmp(&(b.next_at, &b.id)));
        Ok(Self { waiting, keeps_room })
    }

    /// Takes the delivery whose turn it is, with these tries under way; `None` when nothing that was looked at may begin.
    pub(super) fn next(&mut self, busy: &[BusyTry], begun: &BegunLately) -> Option<WaitingDelivery> {
        let mut heads: Vec<QueueHead<usize>> = Vec::new();
        for (place, one) in self.waiting.iter().enumerate() {
            let workspace = &one.workspace_id;
            if heads.iter().any(|head| head.workspace == *workspace)
                || !may_go_to(&one.host, workspace, busy, self.keeps_room)
            {
                continue;
            }
            heads.push(QueueHead {
                workspace: workspace.clone(),
                id: place,
                number: i64::try_from(place).unwrap_or(i64::MAX),
                going: busy.iter().filter(|busy| busy.workspace == *workspace).count(),
                served: begun.since(one),
            });
        }
        let place = next_turn(&heads, AT_ONCE.saturating_sub(busy.len()), self.keeps_room)?.id;
        Some(self.waiting.remove(place))
    }
}

/// Whether a workspace may have one more try at a host.
fn may_go_to(host: &str, workspace: &WorkspaceId, busy: &[BusyTry], keeps_room: bool) -> bool {
    let there = || busy.iter().filter(|busy| busy.host == host);
    let own = there().filter(|busy| busy.workspace == *workspace).count();
    may_begin(own, PER_HOST.saturating_sub(there().count()), keeps_room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UtcTime {
        UtcTime::from_unix(seconds).unwrap()
    }

    /// `count` deliveries of a workspace to a host, one a second from `from`.
    fn many(workspace: &str, host: &str, from: i64, count: i64) -> Vec<WaitingDelivery> {
        let one = |second: i64| WaitingDelivery {
            id: WebhookDeliveryId::from_text(&format!("{workspace} {host} {second}")),
            workspace_id: WorkspaceId::from_text(workspace),
            host: host.to_owned(),
            next_at: Some(at(second)),
        };
        (from..from + count).map(one).collect()
    }

    struct Model {
        queue: WaitingQueue,
        busy: Vec<BusyTry>,
        begun: BegunLately,
    }

    impl Model {
        fn of(waiting: Vec<WaitingDelivery>, keeps_room: bool) -> Self {
            Self { queue: WaitingQueue { waiting, keeps_room }, busy: Vec::new(), begun: BegunLately::default() }
        }

        /// Lets everything begin that may; how many of a workspace, or of a workspace at a host, are under way then.
        fn fill(&mut self) {
            while let Some(next) = self.queue.next(&self.busy, &self.begun) {
                self.begun.note(next.workspace_id.clone(), at(1_000));
                self.busy.push(next.into());
            }
        }

        fn going(&self, workspace: &str) -> usize {
            self.busy.iter().filter(|busy| busy.workspace.as_str() == workspace).count()
        }
    }

    #[test]
    fn a_slow_host_has_room_for_whoever_comes_next() {
        let mut model = Model::of(many("a", "slow", 0, 50), true);
        model.fill();
        assert_eq!(model.going("a"), 2);
        model.queue.waiting.extend(many("b", "slow", 900, 50));
        model.fill();
        assert_eq!((model.going("a"), model.going("b")), (2, 1));
        model.queue.waiting.extend(many("c", "slow", 950, 1));
        model.fill();
        assert_eq!((model.going("a"), model.going("b"), model.going("c")), (2, 1, 1));
        let mut alone = Model::of(many("a", "slow", 0, 50), false);
        alone.fill();
        assert_eq!(alone.going("a"), PER_HOST);
    }

    #[test]
    fn many_hosts_of_one_leave_room_for_others() {
        let all: Vec<_> = (0..90).flat_map(|host| many("a", &format!("h{host}"), host, 1)).collect();
        let mut model = Model::of(all, true);
        model.fill();
        assert_eq!(model.going("a"), AT_ONCE / 2);
        model.queue.waiting.extend(many("b", "h0", 900, 3));
        model.fill();
        assert_eq!((model.going("a"), model.going("b")), (AT_ONCE / 2, 2));
    }

    #[test]
    fn what_goes_elsewhere_is_not_kept_by_a_full_host_and_turns_go_round() {
        let mut model = Model::of([many("a", "slow", 0, 9), many("a", "quick", 500, 1)].concat(), true);
        model.fill();
        assert_eq!(model.going("a"), 3);
        // Of two with as much going on, whoever was served less has the next turn, and then the older one.
        let both = [many("a", "x", 0, 2), many("b", "x", 1, 2)].concat();
        let mut model = Model::of(both, true);
        model.begun.note(WorkspaceId::from_text("a"), at(3));
        let order: Vec<String> = std::iter::from_fn(|| model.queue.next(&[], &model.begun))
            .map(|next| next.workspace_id.to_string())
            .collect();
        assert_eq!(order, ["b", "b", "a", "a"]);
        let mut older = Model::of([many("b", "x", 0, 1), many("a", "x", 1, 1)].concat(), true);
        assert_eq!(older.queue.next(&[], &older.begun).unwrap().workspace_id.as_str(), "b");
    }

    #[test]
    fn what_began_is_remembered_for_a_while_only() {
        let (mut begun, a) = (BegunLately::default(), many("a", "x", 10, 1).remove(0));
        begun.note(a.workspace_id.clone(), at(9));
        assert_eq!(begun.since(&a), 0, "before it was due");
        (0..BEGUN_REMEMBERED + 10).for_each(|_| begun.note(a.workspace_id.clone(), at(10)));
        assert_eq!(begun.since(&a), BEGUN_REMEMBERED);
    }
}
