-- The fields a link asks for: JSON pointers, rows by their id. NULL: everything.
ALTER TABLE setup_links ADD COLUMN asks TEXT;
