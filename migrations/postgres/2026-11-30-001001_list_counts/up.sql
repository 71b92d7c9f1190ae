-- How many rows the lists have that tell their length, kept by triggers: whoever writes a row, nobody can forget to count it, and no
-- list is walked through to be counted. Every session counts in rows of its own (`writer` is its process), so no two wait for each
-- other; a sweep folds them together into those of writer 0.
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

CREATE FUNCTION count_in_list(of_workspace TEXT, of_list TEXT, of_kind TEXT, of_connector TEXT, of_state TEXT, step BIGINT)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO list_counts (workspace_id, list, kind, connector_slug, state, writer, amount)
  VALUES (of_workspace, of_list, of_kind, of_connector, of_state, pg_backend_pid(), step)
  ON CONFLICT (workspace_id, list, kind, connector_slug, state, writer) DO UPDATE SET amount = list_counts.amount + step;
$$;

CREATE FUNCTION state_in_list(finalised_at TIMESTAMP, missing_count INTEGER) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN finalised_at IS NOT NULL THEN 'finalised' WHEN missing_count = 0 THEN 'filled_in' ELSE 'missing' END;
$$;

CREATE FUNCTION count_connection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    IF OLD.deleted_at IS NULL THEN
      PERFORM count_in_list(OLD.workspace_id, 'connections', OLD.kind, OLD.connector_slug,
        state_in_list(OLD.finalised_at, OLD.missing_count), -1);
    END IF;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    IF NEW.deleted_at IS NULL THEN
      PERFORM count_in_list(NEW.workspace_id, 'connections', NEW.kind, NEW.connector_slug,
        state_in_list(NEW.finalised_at, NEW.missing_count), 1);
    END IF;
  END IF;
  RETURN NULL;
END $$;
-- Rows that come or go together are counted together: a count that is changed once for each of very many rows in one transaction is
-- looked for among all its earlier versions each time.
CREATE FUNCTION count_connections() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM count_in_list(workspace_id, 'connections', kind, connector_slug, state_in_list(finalised_at, missing_count),
    CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END)
  FROM counted WHERE deleted_at IS NULL GROUP BY workspace_id, kind, connector_slug, state_in_list(finalised_at, missing_count);
  RETURN NULL;
END $$;
CREATE TRIGGER connections_counted_new AFTER INSERT ON connections REFERENCING NEW TABLE AS counted
FOR EACH STATEMENT EXECUTE FUNCTION count_connections();
CREATE TRIGGER connections_counted_gone AFTER DELETE ON connections REFERENCING OLD TABLE AS counted
FOR EACH STATEMENT EXECUTE FUNCTION count_connections();
CREATE TRIGGER connections_counted_changed
AFTER UPDATE OF workspace_id, kind, connector_slug, missing_count, finalised_at, deleted_at ON connections FOR EACH ROW
WHEN ((OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL) OR (OLD.finalised_at IS NULL) <> (NEW.finalised_at IS NULL)
  OR (OLD.missing_count = 0) <> (NEW.missing_count = 0) OR OLD.kind <> NEW.kind OR OLD.connector_slug <> NEW.connector_slug
  OR OLD.workspace_id <> NEW.workspace_id)
EXECUTE FUNCTION count_connection();

CREATE FUNCTION count_invite_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM count_in_list(OLD.workspace_id, 'invite_links', OLD.kind, OLD.connector_slug,
      CASE WHEN OLD.deleted_at IS NULL THEN 'kept' ELSE 'deleted' END, -1);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM count_in_list(NEW.workspace_id, 'invite_links', NEW.kind, NEW.connector_slug,
      CASE WHEN NEW.deleted_at IS NULL THEN 'kept' ELSE 'deleted' END, 1);
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION count_invite_links() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM count_in_list(workspace_id, 'invite_links', kind, connector_slug, CASE WHEN deleted_at IS NULL THEN 'kept' ELSE 'deleted' END,
    CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END)
  FROM counted GROUP BY workspace_id, kind, connector_slug, CASE WHEN deleted_at IS NULL THEN 'kept' ELSE 'deleted' END;
  RETURN NULL;
END $$;
CREATE TRIGGER invite_links_counted_new AFTER INSERT ON invite_links REFERENCING NEW TABLE AS counted
FOR EACH STATEMENT EXECUTE FUNCTION count_invite_links();
CREATE TRIGGER invite_links_counted_gone AFTER DELETE ON invite_links REFERENCING OLD TABLE AS counted
FOR EACH STATEMENT EXECUTE FUNCTION count_invite_links();
CREATE TRIGGER invite_links_counted_changed AFTER UPDATE OF workspace_id, kind, connector_slug, deleted_at ON invite_links FOR EACH ROW
WHEN ((OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL) OR OLD.kind <> NEW.kind OR OLD.connector_slug <> NEW.connector_slug
  OR OLD.workspace_id <> NEW.workspace_id)
EXECUTE FUNCTION count_invite_link();

-- Runs and validations, by their state; the table is the list.
CREATE FUNCTION count_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM count_in_list(OLD.workspace_id, TG_TABLE_NAME::text, '', '', OLD.state, -1);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM count_in_list(NEW.workspace_id, TG_TABLE_NAME::text, '', '', NEW.state, 1);
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION count_works() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM count_in_list(workspace_id, TG_TABLE_NAME::text, '', '', state, CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END)
  FROM counted GROUP BY workspace_id, state;
  RETURN NULL;
END $$;
CREATE TRIGGER runs_counted_new AFTER INSERT ON runs REFERENCING NEW TABLE AS counted
FOR EACH STATEMENT EXECUTE FUNCTION count_works();
CREATE TRIGGER runs_counted_gone AFTER DELETE ON runs REFERENCING OLD TABLE AS counted
FOR EACH STATEMENT EXECUTE FUNCTION count_works();
CREATE TRIGGER runs_counted_changed AFTER UPDATE OF workspace_id, state ON runs FOR EACH ROW
WHEN (OLD.state <> NEW.state OR OLD.workspace_id <> NEW.workspace_id) EXECUTE FUNCTION count_work();
CREATE TRIGGER validations_counted_new AFTER INSERT ON validations REFERENCING NEW TABLE AS counted
FOR EACH STATEMENT EXECUTE FUNCTION count_works();
CREATE TRIGGER validations_counted_gone AFTER DELETE ON validations REFERENCING OLD TABLE AS counted
FOR EACH STATEMENT EXECUTE FUNCTION count_works();
CREATE TRIGGER validations_counted_changed AFTER UPDATE OF workspace_id, state ON validations FOR EACH ROW
WHEN (OLD.state <> NEW.state OR OLD.workspace_id <> NEW.workspace_id) EXECUTE FUNCTION count_work();

-- Making the triggers has locked out whoever writes, so nothing comes between counting and being counted.
INSERT INTO list_counts SELECT workspace_id, 'connections', kind, connector_slug, state_in_list(finalised_at, missing_count), 0, count(*)
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
