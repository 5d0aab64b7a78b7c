-- Whether a project has its new values checked; a project without a row does not.
CREATE TABLE checker_config (
  project_id      TEXT PRIMARY KEY,
  checks_strength INTEGER NOT NULL CHECK (checks_strength IN (0, 1)),
  update_time_ms  INTEGER NOT NULL,
  revision        INTEGER NOT NULL,
  row_mac         BLOB NOT NULL
) STRICT, WITHOUT ROWID;
