-- The revision that set each secret that is set; one that is not named was set before there were revisions.
ALTER TABLE connections ADD COLUMN secret_revisions TEXT NOT NULL DEFAULT '{}';

-- Every state of a connection's values, by its `version`: what a form that is open still shows. Plain values, and which secrets were set;
-- never a secret. Whoever erases a connection erases these.
CREATE TABLE connection_revisions (
  workspace_id     TEXT NOT NULL REFERENCES workspaces (id),
  connection_id    TEXT NOT NULL REFERENCES connections (id),
  number           BIGINT NOT NULL,
  filled_by        TEXT NOT NULL,
  name             TEXT NOT NULL,
  created_at       TIMESTAMP NOT NULL,
  config           TEXT NOT NULL,
  secret_paths     TEXT NOT NULL,
  secret_revisions TEXT NOT NULL,
  origins          TEXT NOT NULL,
  changed          TEXT NOT NULL,
  PRIMARY KEY (connection_id, number)
);
CREATE INDEX connection_revisions_by_age ON connection_revisions (workspace_id, created_at);

INSERT INTO connection_revisions
SELECT workspace_id, id, version, 'member', '', updated_at, config, secret_paths, '{}', origins, '[]'
FROM connections WHERE deleted_at IS NULL;
