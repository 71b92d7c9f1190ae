//! Streams: what a source is to bring. One plan for each source says which streams are read and how, where the records go, and when.
//!
//! Invariants: a plan names only streams that the last successful validation found, each with settings that stream allows; no two
//! enabled streams have the same table; a finalised source that is read by the clock knows when it is due next, and why its last time started nothing
//! when it did not.

mod choice;
mod output;
mod schedule;
mod store;
mod suggest;
mod table_names;
mod wall_clock;

pub use choice::{NO_KEYS, StreamChoice, StreamFault, check_all, check_keys, key_text, prefixed};
pub use output::{FILES, Output};
pub use schedule::{Cron, PREVIEWED, Trigger, TriggerFault};
pub use store::{
    Blocked, Plan, advance, astray_plans, block_plan, due_plans, find_plan, forget_plan, plans_of, save_plan, set_next,
    stop_plan, unblock_plan, users_of_output,
};
pub use suggest::{default_choice, offered, suggest};
pub use table_names::{free_table, suggested_tables};

/// Most characters of a prefix of table names.
pub const LONGEST_PREFIX: usize = 30;
