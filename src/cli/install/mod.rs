//! `connectors install`, `upgrade`, `remove`, `list --installed`: real connectors in environments of their own.

mod add;
mod agreement;
mod ports;
mod upkeep;

pub(super) use add::{InstallArgs, run as install};
pub(super) use upkeep::{RemoveArgs, UpgradeArgs, list, remove, upgrade};
