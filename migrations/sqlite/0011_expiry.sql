-- A version whose expiry has not been told says whose it is, so that the search for what has expired chooses projects first.
ALTER TABLE version ADD COLUMN expiry_project_id TEXT;
UPDATE version SET expiry_project_id = (SELECT project_id FROM secret WHERE secret.row = version.secret_row)
 WHERE expire_time_ms IS NOT NULL AND expiry_notified = 0;

DROP INDEX version_expiring;
CREATE INDEX version_expiring ON version (expiry_project_id, expire_time_ms) WHERE expiry_project_id IS NOT NULL;
