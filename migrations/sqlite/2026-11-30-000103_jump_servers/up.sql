-- The host key of the jump server of a connection's SSH tunnel: the known one, and another one that was shown since (JSON).
ALTER TABLE connections ADD COLUMN jump_server TEXT;
