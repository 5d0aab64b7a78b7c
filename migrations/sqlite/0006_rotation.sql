-- Rotations: one row for each run, with its progress. Rows outlive their secret, so nothing refers to it but its id.
CREATE TABLE task (
  id              TEXT PRIMARY KEY,
  project_id      TEXT NOT NULL,
  secret_name     TEXT NOT NULL,
  secret_id       TEXT NOT NULL,
  sub_type        TEXT CHECK (sub_type IN ('SingleUser', 'MultiUser')),
  is_automatic    INTEGER NOT NULL CHECK (is_automatic IN (0, 1)),
  function_urn    TEXT,
  status          TEXT NOT NULL CHECK (status IN ('RUNNING', 'SUCCESS', 'FAILED')),
  step            TEXT NOT NULL CHECK (step IN ('create', 'set', 'test', 'finish')),
  version_number  INTEGER,
  create_time_ms  INTEGER NOT NULL,
  attempts        INTEGER NOT NULL CHECK (attempts >= 1),
  next_attempt_ms INTEGER,
  error_code      TEXT,
  error_message   TEXT,
  failures_before INTEGER NOT NULL CHECK (failures_before >= 0),
  row_mac         BLOB NOT NULL,
  CHECK ((status = 'RUNNING') = (next_attempt_ms IS NOT NULL)),
  CHECK ((error_code IS NULL) = (error_message IS NULL))
) STRICT, WITHOUT ROWID;

-- One rotation of a secret at a time.
CREATE UNIQUE INDEX task_running ON task (secret_id) WHERE status = 'RUNNING';
CREATE UNIQUE INDEX task_of_secret ON task (secret_id, create_time_ms);
CREATE INDEX task_due ON task (next_attempt_ms) WHERE next_attempt_ms IS NOT NULL;
CREATE INDEX task_age ON task (create_time_ms) WHERE next_attempt_ms IS NULL;
CREATE INDEX task_list ON task (project_id, create_time_ms, id);
CREATE INDEX task_list_by_status ON task (project_id, status, create_time_ms, id);
CREATE INDEX task_list_by_name ON task (project_id, secret_name, create_time_ms, id);

CREATE INDEX secret_rotation_due ON secret (next_rotation_time_ms)
  WHERE next_rotation_time_ms IS NOT NULL AND state = 'ENABLED';
