-- Where two runs of a source were let begin at once, the newest goes on.
UPDATE runs
SET state = 'failed', reason = 'interrupted', blame = 'transient_error', lease_until = NULL,
  ended_at = COALESCE(started_at, created_at), message = 'Another extraction of this source was going on.'
WHERE ended_at IS NULL
  AND EXISTS (SELECT 1 FROM runs later WHERE later.connection_id = runs.connection_id AND later.ended_at IS NULL AND later.id > runs.id);

-- A source has one run at a time.
CREATE UNIQUE INDEX runs_one_at_a_time ON runs (connection_id) WHERE ended_at IS NULL;
