-- Who signs in, apart from where they are a member: an address and a password, once in the whole installation.
CREATE TABLE identities (
  id            TEXT PRIMARY KEY NOT NULL,
  email         TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  created_at    TIMESTAMP NOT NULL
);

-- A membership keeps its id, and the name and address it is shown with. `password_opens` is 0 for one that came about through the
-- workspace's sign-in provider beside an identity that was there already: the password was not shown for it.
ALTER TABLE members ADD COLUMN identity_id TEXT REFERENCES identities (id);
ALTER TABLE members ADD COLUMN password_opens INTEGER NOT NULL DEFAULT 1;
ALTER TABLE members ADD COLUMN opened_at TIMESTAMP;
CREATE INDEX members_by_address ON members (email, created_at);

-- One identity an address: of its living member, else of the one removed last. Ids are taken over, because SQL of both databases makes
-- no new ones.
INSERT INTO identities (id, email, password_hash, created_at)
SELECT m.id, m.email, m.password_hash, m.created_at
FROM members m
WHERE m.id = (
  SELECT o.id FROM members o WHERE o.email = m.email
  ORDER BY CASE WHEN o.removed_at IS NULL THEN 0 ELSE 1 END, o.created_at DESC, o.id DESC LIMIT 1
);
UPDATE members
SET password_hash = '', identity_id = (SELECT i.id FROM identities i WHERE i.email = members.email);

DROP INDEX members_by_email;
CREATE UNIQUE INDEX members_by_identity ON members (identity_id, workspace_id) WHERE removed_at IS NULL;
CREATE INDEX members_of_identity ON members (identity_id, created_at);

-- What a session has shown: the password, or (a row each) the word of a workspace's sign-in provider. Sessions from before opened one
-- workspace each and go on doing so.
ALTER TABLE sessions ADD COLUMN by_password INTEGER NOT NULL DEFAULT 0;
UPDATE sessions
SET by_password = 1
WHERE member_id IN (
    SELECT m.id FROM members m JOIN identities i ON i.id = m.identity_id
    WHERE m.removed_at IS NULL AND i.password_hash <> ''
  )
  AND workspace_id NOT IN (SELECT p.workspace_id FROM sign_in_providers p WHERE p.passwords_off_at IS NOT NULL);

CREATE TABLE session_workspaces (
  session_id   TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  PRIMARY KEY (session_id, workspace_id)
);
CREATE INDEX session_workspaces_by_workspace ON session_workspaces (workspace_id);
INSERT INTO session_workspaces (session_id, workspace_id) SELECT s.id, s.workspace_id FROM sessions s;
