-- Who holds the right to renew is watched; no clock says when it is over.
ALTER TABLE oauth_grants DROP COLUMN lease_until;
