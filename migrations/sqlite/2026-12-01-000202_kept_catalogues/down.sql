ALTER TABLE validations DROP COLUMN anew;
ALTER TABLE validations DROP COLUMN found_mark;
ALTER TABLE validations DROP COLUMN found_at;
