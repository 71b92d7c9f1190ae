-- How many rows the lists have that tell their length, kept by triggers: whoever writes a row, nobody can forget to count it, and no
-- list is walked through to be counted. `writer` is a session of PostgreSQL, so that no two wait for each other's count; here it is 0.
CREATE TABLE list_counts (
  workspace_id   TEXT NOT NULL,
  list           TEXT NOT NULL,
  kind           TEXT NOT NULL,
  connector_slug TEXT NOT NULL,
  state          TEXT NOT NULL,
  writer         BIGINT NOT NULL,
  amount         BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, list, kind, connector_slug, state, writer)
);
CREATE INDEX list_counts_by_list ON list_counts (list, state);

CREATE TRIGGER connections_counted_new AFTER INSERT ON connections WHEN NEW.deleted_at IS NULL BEGIN
  INSERT INTO list_counts VALUES (NEW.workspace_id, 'connections', NEW.kind, NEW.connector_slug,
    CASE WHEN NEW.finalised_at IS NOT NULL THEN 'finalised' WHEN NEW.missing_count = 0 THEN 'filled_in' ELSE 'missing' END, 0, 1)
  ON CONFLICT DO UPDATE SET amount = amount + 1;
END;
CREATE TRIGGER connections_counted_gone AFTER DELETE ON connections WHEN OLD.deleted_at IS NULL BEGIN
  INSERT INTO list_counts VALUES (OLD.workspace_id, 'connections', OLD.kind, OLD.connector_slug,
    CASE WHEN OLD.finalised_at IS NOT NULL THEN 'finalised' WHEN OLD.missing_count = 0 THEN 'filled_in' ELSE 'missing' END, 0, -1)
  ON CONFLICT DO UPDATE SET amount = amount - 1;
END;
CREATE TRIGGER connections_counted_changed
AFTER UPDATE OF workspace_id, kind, connector_slug, missing_count, finalised_at, deleted_at ON connections
WHEN (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL) OR (OLD.finalised_at IS NULL) <> (NEW.finalised_at IS NULL)
  OR (OLD.missing_count = 0) <> (NEW.missing_count = 0) OR OLD.kind <> NEW.kind OR OLD.connector_slug <> NEW.connector_slug
  OR OLD.workspace_id <> NEW.workspace_id
BEGIN
  INSERT INTO list_counts SELECT OLD.workspace_id, 'connections', OLD.kind, OLD.connector_slug,
    CASE WHEN OLD.finalised_at IS NOT NULL THEN 'finalised' WHEN OLD.missing_count = 0 THEN 'filled_in' ELSE 'missing' END, 0, -1
  WHERE OLD.deleted_at IS NULL
  ON CONFLICT DO UPDATE SET amount = amount - 1;
  INSERT INTO list_counts SELECT NEW.workspace_id, 'connections', NEW.kind, NEW.connector_slug,
    CASE WHEN NEW.finalised_at IS NOT NULL THEN 'finalised' WHEN NEW.missing_count = 0 THEN 'filled_in' ELSE 'missing' END, 0, 1
  WHERE NEW.deleted_at IS NULL
  ON CONFLICT DO UPDATE SET amount = amount + 1;
END;

CREATE TRIGGER invite_links_counted_new AFTER INSERT ON invite_links BEGIN
  INSERT INTO list_counts VALUES (NEW.workspace_id, 'invite_links', NEW.kind, NEW.connector_slug,
    CASE WHEN NEW.deleted_at IS NULL THEN 'kept' ELSE 'deleted' END, 0, 1)
  ON CONFLICT DO UPDATE SET amount = amount + 1;
END;
CREATE TRIGGER invite_links_counted_gone AFTER DELETE ON invite_links BEGIN
  INSERT INTO list_counts VALUES (OLD.workspace_id, 'invite_links', OLD.kind, OLD.connector_slug,
    CASE WHEN OLD.deleted_at IS NULL THEN 'kept' ELSE 'deleted' END, 0, -1)
  ON CONFLICT DO UPDATE SET amount = amount - 1;
END;
CREATE TRIGGER invite_links_counted_changed AFTER UPDATE OF workspace_id, kind, connector_slug, deleted_at ON invite_links
WHEN (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL) OR OLD.kind <> NEW.kind OR OLD.connector_slug <> NEW.connector_slug
  OR OLD.workspace_id <> NEW.workspace_id
BEGIN
  INSERT INTO list_counts VALUES (OLD.workspace_id, 'invite_links', OLD.kind, OLD.connector_slug,
    CASE WHEN OLD.deleted_at IS NULL THEN 'kept' ELSE 'deleted' END, 0, -1)
  ON CONFLICT DO UPDATE SET amount = amount - 1;
  INSERT INTO list_counts VALUES (NEW.workspace_id, 'invite_links', NEW.kind, NEW.connector_slug,
    CASE WHEN NEW.deleted_at IS NULL THEN 'kept' ELSE 'deleted' END, 0, 1)
  ON CONFLICT DO UPDATE SET amount = amount + 1;
END;

CREATE TRIGGER runs_counted_new AFTER INSERT ON runs BEGIN
  INSERT INTO list_counts VALUES (NEW.workspace_id, 'runs', '', '', NEW.state, 0, 1) ON CONFLICT DO UPDATE SET amount = amount + 1;
END;
CREATE TRIGGER runs_counted_gone AFTER DELETE ON runs BEGIN
  INSERT INTO list_counts VALUES (OLD.workspace_id, 'runs', '', '', OLD.state, 0, -1) ON CONFLICT DO UPDATE SET amount = amount - 1;
END;
CREATE TRIGGER runs_counted_changed AFTER UPDATE OF workspace_id, state ON runs
WHEN OLD.state <> NEW.state OR OLD.workspace_id <> NEW.workspace_id
BEGIN
  INSERT INTO list_counts VALUES (OLD.workspace_id, 'runs', '', '', OLD.state, 0, -1) ON CONFLICT DO UPDATE SET amount = amount - 1;
  INSERT INTO list_counts VALUES (NEW.workspace_id, 'runs', '', '', NEW.state, 0, 1) ON CONFLICT DO UPDATE SET amount = amount + 1;
END;

CREATE TRIGGER validations_counted_new AFTER INSERT ON validations BEGIN
  INSERT INTO list_counts VALUES (NEW.workspace_id, 'validations', '', '', NEW.state, 0, 1) ON CONFLICT DO UPDATE SET amount = amount + 1;
END;
CREATE TRIGGER validations_counted_gone AFTER DELETE ON validations BEGIN
  INSERT INTO list_counts VALUES (OLD.workspace_id, 'validations', '', '', OLD.state, 0, -1) ON CONFLICT DO UPDATE SET amount = amount - 1;
END;
CREATE TRIGGER validations_counted_changed AFTER UPDATE OF workspace_id, state ON validations
WHEN OLD.state <> NEW.state OR OLD.workspace_id <> NEW.workspace_id
BEGIN
  INSERT INTO list_counts VALUES (OLD.workspace_id, 'validations', '', '', OLD.state, 0, -1) ON CONFLICT DO UPDATE SET amount = amount - 1;
  INSERT INTO list_counts VALUES (NEW.workspace_id, 'validations', '', '', NEW.state, 0, 1) ON CONFLICT DO UPDATE SET amount = amount + 1;
END;

INSERT INTO list_counts SELECT workspace_id, 'connections', kind, connector_slug,
  CASE WHEN finalised_at IS NOT NULL THEN 'finalised' WHEN missing_count = 0 THEN 'filled_in' ELSE 'missing' END, 0, count(*)
FROM connections WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5;
INSERT INTO list_counts SELECT workspace_id, 'invite_links', kind, connector_slug,
  CASE WHEN deleted_at IS NULL THEN 'kept' ELSE 'deleted' END, 0, count(*)
FROM invite_links GROUP BY 1, 2, 3, 4, 5;
INSERT INTO list_counts SELECT workspace_id, 'runs', '', '', state, 0, count(*) FROM runs GROUP BY workspace_id, state;
INSERT INTO list_counts SELECT workspace_id, 'validations', '', '', state, 0, count(*) FROM validations GROUP BY workspace_id, state;

-- A connection is asked whether it has a word, and which words one has is read beside it.
DROP INDEX connection_words_of;
CREATE INDEX connection_words_of ON connection_words (connection_id, word);
DROP INDEX invite_link_words_of;
CREATE INDEX invite_link_words_of ON invite_link_words (invite_link_id, word);

-- The validations that members and programs asked for, apart from those of recipients: nearly all have no setup link, so an index of
-- setup links must not offer itself for these.
DROP INDEX validations_by_setup_link;
CREATE INDEX validations_by_setup_link ON validations (setup_link_id) WHERE setup_link_id IS NOT NULL;
CREATE INDEX validations_of_members ON validations (connection_id, workspace_id, number) WHERE setup_link_id IS NULL;

-- Lists of invite links leave out the deleted ones: an index for each order leaves them out, too, so that none of another order looks cheaper.
DROP INDEX invite_links_by_name;
CREATE INDEX invite_links_by_name ON invite_links (workspace_id, sort_name, id) WHERE deleted_at IS NULL;
DROP INDEX invite_links_by_end;
CREATE INDEX invite_links_by_end ON invite_links (workspace_id, expires_at, id) WHERE deleted_at IS NULL;
DROP INDEX invite_links_by_use;
CREATE INDEX invite_links_by_use ON invite_links (workspace_id, active_at, id) WHERE deleted_at IS NULL;
DROP INDEX invite_links_by_count;
CREATE INDEX invite_links_by_count ON invite_links (workspace_id, connection_count, id) WHERE deleted_at IS NULL;

-- What came through an invite link, last changed first.
CREATE INDEX connections_of_link_by_change ON connections (workspace_id, invite_link_id, updated_at, id) WHERE deleted_at IS NULL;
