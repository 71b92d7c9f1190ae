//! The steps of a sweep: some rows in each transaction, and not too many transactions.

use std::sync::Arc;

use diesel::QueryResult;

use crate::base::error::{AppError, AppResult};
use crate::features::work::runs;
use crate::platform::app::App;
use crate::platform::db::{Conn, ForgetScope};

/// Rows that are looked for together.
pub(super) const AT_ONCE: i64 = 200;
/// Of these in one transaction: everybody else's writes wait for it.
const IN_ONE_STEP: usize = 50;

/// How often a sweep may still forget what it has looked for. Looking for what is over costs nothing, so that every workspace has its turn.
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

/// Forgets rows until there are no more of them. What is over is looked for beside everybody else's work; a transaction takes away a few
/// of them, by their ids, and leaves what is not over any more.
pub(super) async fn rows<Id, F, G>(app: &Arc<App>, budget: &mut Budget, find: F, forget: G) -> AppResult<()>
where
    Id: Clone + Send + 'static,
    F: Fn(&mut Conn) -> QueryResult<Vec<Id>> + Clone + Send + 'static,
    G: Fn(&mut Conn, &[Id]) -> QueryResult<usize> + Clone + Send + 'static,
{
    while budget.is_left() {
        let find = find.clone();
        let found = app.db.read(move |conn| Ok(find(conn)?)).await?;
        let mut gone = 0;
        for few in found.chunks(IN_ONE_STEP) {
            let (few, forget) = (few.to_vec(), forget.clone());
            gone += app.db.write(move |conn| Ok(forget(conn, &few)?)).await?;
        }
        if gone == 0 {
            return Ok(());
        }
        budget.spend();
    }
    Ok(())
}

/// Up to a number of rows of a scope that are to be forgotten.
type FindIn<Id> = fn(&mut Conn, &ForgetScope, i64) -> QueryResult<Vec<Id>>;
/// Forgets rows of a scope; says how many.
type ForgetIn<Id> = fn(&mut Conn, &ForgetScope, &[Id]) -> QueryResult<usize>;

/// [`rows`] of a scope.
pub(super) async fn scoped<Id: Clone + Send + 'static>(
    app: &Arc<App>,
    budget: &mut Budget,
    scope: ForgetScope,
    find: FindIn<Id>,
    forget: ForgetIn<Id>,
) -> AppResult<()> {
    let own = scope.clone();
    rows(app, budget, move |conn| find(conn, &own, AT_ONCE), move |conn, ids| forget(conn, &scope, ids)).await
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
