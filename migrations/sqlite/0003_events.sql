-- Background jobs: who may run one (lease), and how often that changed hands (epoch).
CREATE TABLE job (
  name           TEXT PRIMARY KEY,
  lease_holder   TEXT,
  lease_until_ms INTEGER NOT NULL,
  epoch          INTEGER NOT NULL CHECK (epoch >= 1),
  next_run_ms    INTEGER NOT NULL,
  last_error     TEXT,
  runs           INTEGER NOT NULL CHECK (runs >= 0),
  failures       INTEGER NOT NULL CHECK (failures >= 0),
  processed      INTEGER NOT NULL CHECK (processed >= 0),
  row_mac        BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Subscriptions that secrets refer to by name.
CREATE TABLE event (
  project_id     TEXT NOT NULL,
  name           TEXT NOT NULL,
  id             TEXT NOT NULL UNIQUE,
  types          TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('ENABLED', 'DISABLED')),
  target_id      TEXT NOT NULL,
  target_name    TEXT NOT NULL,
  create_time_ms INTEGER NOT NULL,
  update_time_ms INTEGER NOT NULL,
  revision       INTEGER NOT NULL,
  row_mac        BLOB NOT NULL,
  PRIMARY KEY (project_id, name)
) STRICT, WITHOUT ROWID;

-- The secrets of an event. A secret subscribes to one event at most, and most subscribe to none. Text that is no JSON is
-- damage, which the row's MAC finds; it must not make the index fail.
CREATE INDEX secret_event ON secret (
  project_id,
  iif(json_valid(event_subscriptions), json_extract(event_subscriptions, '$[0]'), NULL),
  name
) WHERE event_subscriptions <> '[]';

ALTER TABLE version ADD COLUMN expiry_notified INTEGER NOT NULL DEFAULT 0 CHECK (expiry_notified IN (0, 1));

CREATE INDEX version_expiring ON version (expire_time_ms) WHERE expire_time_ms IS NOT NULL AND expiry_notified = 0;

-- The outbox (PENDING), and the records of what became of it. Written in the transaction of the change that they tell.
CREATE TABLE notification (
  id              TEXT PRIMARY KEY,
  project_id      TEXT NOT NULL,
  event_name      TEXT NOT NULL,
  event_type      TEXT NOT NULL,
  secret_name     TEXT NOT NULL,
  secret_type     TEXT NOT NULL,
  target_id       TEXT NOT NULL,
  target_name     TEXT NOT NULL,
  content         TEXT NOT NULL,
  create_time_ms  INTEGER NOT NULL,
  status          TEXT NOT NULL CHECK (status IN ('PENDING', 'SUCCESS', 'FAIL', 'INVALID')),
  attempts        INTEGER NOT NULL CHECK (attempts >= 0),
  next_attempt_ms INTEGER,
  row_mac         BLOB NOT NULL,
  CHECK ((status = 'PENDING') = (next_attempt_ms IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX notification_due ON notification (next_attempt_ms) WHERE next_attempt_ms IS NOT NULL;
CREATE INDEX notification_record ON notification (project_id, create_time_ms, id) WHERE next_attempt_ms IS NULL;
CREATE INDEX notification_age ON notification (create_time_ms) WHERE next_attempt_ms IS NULL;

-- One row: the key that signs notifications, sealed, and the certificate that receivers check them with.
CREATE TABLE signing_key (
  only_row           INTEGER PRIMARY KEY CHECK (only_row = 1),
  certificate_pem    TEXT NOT NULL,
  sealed_private_key BLOB NOT NULL,
  create_time_ms     INTEGER NOT NULL,
  row_mac            BLOB NOT NULL
) STRICT;
