DROP TABLE session_workspaces;
ALTER TABLE sessions DROP COLUMN by_password;
DROP INDEX members_by_identity;
DROP INDEX members_of_identity;

-- One person, one workspace again: of several memberships the oldest stays.
UPDATE members
SET removed_at = COALESCE(opened_at, created_at)
WHERE removed_at IS NULL
  AND EXISTS (SELECT 1 FROM members o WHERE o.email = members.email AND o.removed_at IS NULL AND o.id < members.id);
DELETE FROM sessions WHERE member_id IN (SELECT m.id FROM members m WHERE m.removed_at IS NOT NULL);
UPDATE members
SET password_hash = (SELECT i.password_hash FROM identities i WHERE i.id = members.identity_id)
WHERE removed_at IS NULL AND identity_id IS NOT NULL;

DROP INDEX members_by_address;
ALTER TABLE members DROP COLUMN opened_at;
ALTER TABLE members DROP COLUMN password_opens;
ALTER TABLE members DROP COLUMN identity_id;
DROP TABLE identities;
CREATE UNIQUE INDEX members_by_email ON members (email) WHERE removed_at IS NULL;
