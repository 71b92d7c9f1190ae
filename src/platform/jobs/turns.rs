//! Whose turn it is. Workspaces share the places of a process, so that none waits for all that another has queued.

use crate::base::ids::WorkspaceId;

/// What a workspace has waited for longest, and what it has had meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueHead<Id> {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The piece of work.
    pub id: Id,
    /// Its number: what was asked for later has a higher one.
    pub number: i64,
    /// How much of the workspace's goes on, in every process.
    pub going: usize,
    /// How much of the workspace's began since this was queued, as far as it is known.
    pub served: usize,
}

/// Whether a workspace with so much going on may have one of the places that are free. With `keeps_room` it gets another one only while
/// more are free than it has already: of eight places it takes four, and whoever comes next begins at once.
pub fn may_begin(going: usize, free: usize, keeps_room: bool) -> bool {
    free > 0 && (!keeps_room || going < free)
}

/// Of all that wait, the one whose turn it is: of the workspace with the least going on, then of that which was served least since, then
/// the oldest. Whoever has too much going on already ([`may_begin`]) has no turn.
pub fn next_turn<Id>(heads: &[QueueHead<Id>], free: usize, keeps_room: bool) -> Option<&QueueHead<Id>> {
    let may = |head: &&QueueHead<Id>| may_begin(head.going, free, keeps_room);
    heads.iter().filter(may).min_by(|a, b| (a.going, a.served, a.number).cmp(&(b.going, b.served, b.number)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One workspace as the places are given out.
    #[derive(Debug, Clone, Copy, Default)]
    struct Model {
        waiting: usize,
        going: usize,
        served: usize,
    }

    fn heads(all: &[Model]) -> Vec<QueueHead<usize>> {
        let waiting = all.iter().enumerate().filter(|(_, one)| one.waiting > 0);
        waiting
            .map(|(number, one)| QueueHead {
                workspace: WorkspaceId::from_text(&number.to_string()),
                id: number,
                number: i64::try_from(number).unwrap(),
                going: one.going,
                served: one.served,
            })
            .collect()
    }

    /// Gives places out until nobody may have another; how many are left.
    fn fill(all: &mut [Model], mut free: usize, keeps_room: bool) -> usize {
        while let Some(number) = next_turn(&heads(all), free, keeps_room).map(|head| head.id) {
            let one = &mut all[number];
            (one.waiting, one.going, one.served) = (one.waiting - 1, one.going + 1, one.served + 1);
            free -= 1;
        }
        free
    }

    fn queue(waiting: usize) -> Model {
        Model { waiting, ..Model::default() }
    }

    #[test]
    fn a_place_is_taken_only_where_one_is_free_and_room_is_left() {
        assert!(!may_begin(0, 0, false) && !may_begin(0, 0, true));
        assert!(may_begin(3, 1, false) && may_begin(0, 1, true));
        assert!(may_begin(3, 4, true) && !may_begin(4, 4, true));
    }

    #[test]
    fn one_takes_half_and_the_next_begin_at_once() {
        let mut all = vec![queue(20)];
        let free = fill(&mut all, 8, true);
        assert_eq!((all[0].going, free), (4, 4));
        all.push(queue(20));
        let free = fill(&mut all, free, true);
        assert_eq!((all[0].going, all[1].going, free), (4, 2, 2));
        all.push(queue(5));
        let free = fill(&mut all, free, true);
        assert_eq!((all[2].going, free), (1, 1));
        all.push(queue(1));
        assert_eq!(fill(&mut all, free, true), 0);
        assert_eq!(all[3].going, 1);
        assert_eq!(fill(&mut [queue(20)], 8, false), 0, "alone in the house it has them all");
    }

    #[test]
    fn with_one_place_workspaces_take_turns() {
        let (mut all, mut order) = (vec![queue(20), queue(0)], Vec::new());
        for step in 0..8 {
            if step == 3 {
                all[1] = queue(20);
            }
            fill(&mut all, 1, true);
            let had = all.iter().position(|one| one.going == 1).unwrap();
            order.push(had);
            all[had].going = 0;
        }
        assert_eq!(order, [0, 0, 0, 1, 1, 1, 0, 1]);
    }

    proptest! {
        #[test]
        fn nobody_with_nothing_going_on_waits_while_a_place_is_free(
            all in prop::collection::vec((0_usize..30, 0_usize..4, 0_usize..9), 1..7),
            free in 0_usize..10,
            keeps_room: bool,
        ) {
            let before: Vec<Model> =
                all.into_iter().map(|(waiting, going, served)| Model { waiting, going, served }).collect();
            let mut after = before.clone();
            let left = fill(&mut after, free, keeps_room);
            let idle = |one: &Model| one.going == 0 && one.waiting > 0;
            prop_assert!(left == 0 || !after.iter().any(idle));
            let newcomers = before.iter().filter(|one| idle(one)).count();
            for (had, has) in before.iter().zip(&after) {
                // Nobody takes a second place before everybody has a first.
                if has.going > had.going.max(1) {
                    prop_assert!(newcomers <= free && !after.iter().any(idle));
                }
                // Whoever has several leaves room.
                if keeps_room && has.going > had.going && has.going > 1 {
                    prop_assert!(left >= 1 || newcomers > 0 || before.iter().filter(|one| one.waiting > 0).count() > 1);
                }
            }
            if !keeps_room {
                prop_assert!(left == 0 || after.iter().all(|one| one.waiting == 0));
            }
        }
    }
}
