use std::collections::HashMap;

use diesel::prelude::*;

use super::RetentionKind;
use crate::base::ids::WorkspaceId;
use crate::platform::db::Conn;
use crate::platform::db::schema::retention_settings;

/// How many days a workspace keeps something.
pub fn kept_for(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<HashMap<&'static str, i32>> {
    let chosen: Vec<(String, i32)> = retention_settings::table
        .filter(retention_settings::workspace_id.eq(workspace))
        .select((retention_settings::kind, retention_settings::days))
        .load(conn)?;
    let days = |kind: &RetentionKind| {
        let own = chosen.iter().find(|(name, _)| name == kind.as_str()).map(|(_, days)| *days);
        (kind.as_str(), own.unwrap_or(kind.default_days()))
    };
    Ok(RetentionKind::ALL.iter().map(days).collect())
}

/// Sets for how many days a workspace keeps something.
pub fn keep_for(conn: &mut Conn, workspace: &WorkspaceId, kind: RetentionKind, days: i32) -> QueryResult<()> {
    let row = retention_settings::table.find((workspace, kind.as_str()));
    if diesel::update(row).set(retention_settings::days.eq(days)).execute(conn)? == 0 {
        diesel::insert_into(retention_settings::table)
            .values((
                retention_settings::workspace_id.eq(workspace),
                retention_settings::kind.eq(kind.as_str()),
                retention_settings::days.eq(days),
            ))
            .execute(conn)?;
    }
    Ok(())
}
