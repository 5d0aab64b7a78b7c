-- One row: which installation this is, and what proves that a root key belongs to it.
CREATE TABLE installation (
  only_row             INTEGER PRIMARY KEY CHECK (only_row = 1),
  id                   TEXT NOT NULL,
  create_time_ms       INTEGER NOT NULL,
  root_key_id          TEXT NOT NULL,
  root_key_fingerprint TEXT NOT NULL,
  root_key_stretching  TEXT,
  canary               BLOB NOT NULL
) STRICT;

CREATE TABLE project (
  id           TEXT PRIMARY KEY,
  secret_count INTEGER NOT NULL CHECK (secret_count >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE kms_key (
  project_id               TEXT NOT NULL,
  id                       TEXT NOT NULL,
  alias                    TEXT NOT NULL,
  is_default               INTEGER NOT NULL CHECK (is_default IN (0, 1)),
  state                    TEXT NOT NULL CHECK (state IN ('ENABLED', 'DISABLED', 'PENDING_DELETE')),
  description              TEXT NOT NULL,
  enterprise_project_id    TEXT NOT NULL,
  create_time_ms           INTEGER NOT NULL,
  scheduled_delete_time_ms INTEGER,
  rotation_interval_days   INTEGER,
  next_rotation_time_ms    INTEGER,
  revision                 INTEGER NOT NULL,
  row_mac                  BLOB NOT NULL,
  PRIMARY KEY (project_id, id),
  UNIQUE (project_id, alias),
  CHECK ((state = 'PENDING_DELETE') = (scheduled_delete_time_ms IS NOT NULL)),
  CHECK ((rotation_interval_days IS NULL) = (next_rotation_time_ms IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE kms_key_version (
  project_id     TEXT NOT NULL,
  key_id         TEXT NOT NULL,
  number         INTEGER NOT NULL,
  wrapped        BLOB NOT NULL,
  create_time_ms INTEGER NOT NULL,
  PRIMARY KEY (project_id, key_id, number),
  FOREIGN KEY (project_id, key_id) REFERENCES kms_key (project_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE secret (
  row                      INTEGER PRIMARY KEY,
  id                       TEXT NOT NULL UNIQUE,
  project_id               TEXT NOT NULL,
  name                     TEXT NOT NULL,
  state                    TEXT NOT NULL CHECK (state IN ('ENABLED', 'DISABLED', 'PENDING_DELETE', 'FROZEN')),
  state_before_deletion    TEXT,
  kms_key_id               TEXT NOT NULL,
  description              TEXT NOT NULL,
  create_time_ms           INTEGER NOT NULL,
  update_time_ms           INTEGER NOT NULL,
  scheduled_delete_time_ms INTEGER,
  secret_type              TEXT NOT NULL CHECK (secret_type IN ('COMMON', 'RDS-FG', 'GaussDB-FG')),
  auto_rotation            INTEGER NOT NULL CHECK (auto_rotation IN (0, 1)),
  rotation_period          TEXT,
  rotation_config          TEXT,
  rotation_func_urn        TEXT,
  rotation_time_ms         INTEGER,
  next_rotation_time_ms    INTEGER,
  event_subscriptions      TEXT NOT NULL,
  enterprise_project_id    TEXT NOT NULL,
  last_version_number      INTEGER NOT NULL,
  revision                 INTEGER NOT NULL,
  contents_digest          BLOB NOT NULL,
  row_mac                  BLOB NOT NULL,
  UNIQUE (project_id, name),
  CHECK ((state = 'PENDING_DELETE') = (scheduled_delete_time_ms IS NOT NULL))
) STRICT;

CREATE INDEX secret_due ON secret (scheduled_delete_time_ms) WHERE scheduled_delete_time_ms IS NOT NULL;

-- A slot is one of 20 places: a 21st version of a secret cannot be written.
CREATE TABLE version (
  row            INTEGER PRIMARY KEY,
  secret_row     INTEGER NOT NULL REFERENCES secret (row),
  number         INTEGER NOT NULL CHECK (number >= 1),
  uid            TEXT NOT NULL,
  kind           TEXT NOT NULL CHECK (kind IN ('string', 'binary')),
  kms_key_id     TEXT NOT NULL,
  create_time_ms INTEGER NOT NULL,
  expire_time_ms INTEGER,
  slot           INTEGER NOT NULL CHECK (slot BETWEEN 0 AND 19),
  UNIQUE (secret_row, number),
  UNIQUE (secret_row, slot)
) STRICT;

-- A stage marks one version (its name is unique in the secret), and a 13th one has no slot.
CREATE TABLE stage (
  secret_row     INTEGER NOT NULL,
  name           TEXT NOT NULL,
  version_number INTEGER NOT NULL,
  update_time_ms INTEGER NOT NULL,
  slot           INTEGER NOT NULL CHECK (slot BETWEEN 0 AND 11),
  PRIMARY KEY (secret_row, name),
  UNIQUE (secret_row, slot),
  FOREIGN KEY (secret_row, version_number) REFERENCES version (secret_row, number)
) STRICT, WITHOUT ROWID;

-- Values apart from metadata: large rows would make every scan of metadata slow, and a new wrapping of the data key
-- touches the small table only.
CREATE TABLE version_key (
  version_row INTEGER PRIMARY KEY REFERENCES version (row),
  wrapped     BLOB NOT NULL
) STRICT;

CREATE TABLE version_body (
  version_row INTEGER PRIMARY KEY REFERENCES version (row),
  body        BLOB NOT NULL
) STRICT;
