-- What the API counts exactly is counted in an index that holds every condition, so that no row is looked up for it; and pages of
-- connections of one state are read in the order of their ids.
DROP INDEX connections_by_age;
-- As wide as those of one state below: of two that hold a condition SQLite without statistics takes the narrower one.
CREATE INDEX connections_by_age ON connections (workspace_id, kind, id, deleted_at, finalised_at, missing_count) WHERE deleted_at IS NULL;
DROP INDEX connections_of_connector;
CREATE INDEX connections_of_connector ON connections (workspace_id, kind, connector_slug, id, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX connections_finalised_by_age ON connections (workspace_id, kind, id, deleted_at, finalised_at)
  WHERE deleted_at IS NULL AND finalised_at IS NOT NULL;
CREATE INDEX connections_missing_by_age ON connections (workspace_id, kind, id, deleted_at, finalised_at, missing_count)
  WHERE deleted_at IS NULL AND finalised_at IS NULL AND missing_count > 0;
CREATE INDEX connections_filled_in_by_age ON connections (workspace_id, kind, id, deleted_at, finalised_at, missing_count)
  WHERE deleted_at IS NULL AND finalised_at IS NULL AND missing_count = 0;
CREATE INDEX invite_links_kept ON invite_links (workspace_id, id, deleted_at) WHERE deleted_at IS NULL;
