-- Tokens that are refused before they expire. A row is kept a little longer than its token would have lived.
CREATE TABLE revoked_token (
  id             TEXT PRIMARY KEY,
  user_id        TEXT NOT NULL,
  expire_time_ms INTEGER NOT NULL,
  row_mac        BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX revoked_token_of_user ON revoked_token (user_id);
CREATE INDEX revoked_token_age ON revoked_token (expire_time_ms);
