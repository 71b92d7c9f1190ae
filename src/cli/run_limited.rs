//! `run-limited`: the step between the server and a connector's program; people have no use for it.

use std::ffi::OsString;

use super::{ExitResult, Unfit};
use crate::engines::{Limits, become_limited};

#[derive(clap::Args)]
pub(super) struct RunLimitedArgs {
    /// What the program may use
    #[arg(long)]
    limits: String,
    /// The process that asks for it
    #[arg(long)]
    parent: u32,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

pub(super) fn run(args: &RunLimitedArgs) -> ExitResult {
    let limits = Limits::from_text(&args.limits).ok_or_else(|| Unfit("these are no limits".to_owned()))?;
    Err(anyhow::Error::from(become_limited(limits, args.parent, &args.command))
        .context("the program cannot be started"))
}
