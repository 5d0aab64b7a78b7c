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
