DROP INDEX invite_links_kept;
DROP INDEX connections_filled_in_by_age;
DROP INDEX connections_missing_by_age;
DROP INDEX connections_finalised_by_age;
DROP INDEX connections_of_connector;
CREATE INDEX connections_of_connector ON connections (workspace_id, kind, connector_slug, id) WHERE deleted_at IS NULL;
DROP INDEX connections_by_age;
CREATE INDEX connections_by_age ON connections (workspace_id, kind, id) WHERE deleted_at IS NULL;
