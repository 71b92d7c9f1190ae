ALTER TABLE connections DROP COLUMN jump_server;
