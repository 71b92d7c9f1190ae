ALTER TABLE setup_links DROP COLUMN asks;
