-- The project stands beside each tag so that one index answers what a project's tags are and who has them. It is
-- checked against the secret whenever the secret is loaded.
CREATE TABLE secret_tag (
  secret_row INTEGER NOT NULL REFERENCES secret (row),
  project_id TEXT NOT NULL,
  key        TEXT NOT NULL,
  value      TEXT NOT NULL,
  PRIMARY KEY (secret_row, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX secret_tag_value ON secret_tag (project_id, key, value, secret_row);

-- A permission ends with its secret.
CREATE TABLE secret_grant (
  id             TEXT PRIMARY KEY,
  secret_row     INTEGER NOT NULL REFERENCES secret (row) ON DELETE CASCADE,
  grantee_type   TEXT NOT NULL CHECK (grantee_type IN ('user', 'group')),
  grantee_id     TEXT NOT NULL,
  create_time_ms INTEGER NOT NULL,
  update_time_ms INTEGER NOT NULL,
  expire_time_ms INTEGER,
  revision       INTEGER NOT NULL,
  row_mac        BLOB NOT NULL,
  UNIQUE (secret_row, grantee_type, grantee_id)
) STRICT, WITHOUT ROWID;
