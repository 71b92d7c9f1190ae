//! The steps of a sweep: some rows in each transaction, and not too many transactions.

use std::sync::Arc;

use crate::base::error::{AppError, AppResult};
use crate::features::work::runs;
use crate::platform::app::App;
use crate::platform::db::{Conn, ForgetScope};

/// Rows that are forgotten in one transaction.
pub(super) const AT_ONCE: i64 = 200;

/// How many transactions that forget something a sweep may still do. Looking for what is over costs none, so that every workspace has its
/// turn.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn of(steps: usize) -> Self {
        Self(steps)
    }

    /// Whether more may be done.
    pub(super) fn is_left(&self) -> bool {
        self.0 > 0
    }

    fn spend(&mut self) {
        self.0 = self.0.saturating_sub(1);
    }
}

/// Forgets rows, some in each transaction, until there are no more of them.
pub(super) async fn rows<F>(app: &Arc<App>, budget: &mut Budget, forget_some: F) -> AppResult<()>
where
    F: Fn(&mut Conn) -> AppResult<usize> + Clone + Send + 'static,
{
    while budget.is_left() {
        let some = forget_some.clone();
        if app.db.write(move |conn| some(conn)).await? == 0 {
            return Ok(());
        }
        budget.spend();
    }
    Ok(())
}

/// Forgets runs. Their files go first: a row that stays behind is found again, a folder without a row never.
pub(super) async fn forget_runs(app: &Arc<App>, scope: &ForgetScope, budget: &mut Budget) -> AppResult<()> {
    while budget.is_left() {
        let own = scope.clone();
        let old = app.db.read(move |conn| Ok(runs::forgettable(conn, &own, AT_ONCE)?)).await?;
        let (folder, gone) = (app.config.storage.data_dir.clone(), old.clone());
        let removed = tokio::task::spawn_blocking(move || runs::forget_records(&folder, &gone)).await;
        removed.map_err(AppError::internal)?;
        if old.is_empty() || app.write(move |tx| Ok(runs::forget(tx.conn, &old)?)).await? == 0 {
            return Ok(());
        }
        budget.spend();
    }
    Ok(())
}
