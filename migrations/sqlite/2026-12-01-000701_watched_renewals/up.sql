-- Who holds the right to renew is watched; no clock says when it is over.
ALTER TABLE oauth_grants DROP COLUMN lease_until;
CREATE INDEX oauth_grants_held ON oauth_grants (lease) WHERE lease IS NOT NULL;
