-- What stays of a key that was destroyed: values sealed under it can never be read again, which is no damage.
CREATE TABLE kms_key_destroyed (
  project_id      TEXT NOT NULL,
  id              TEXT NOT NULL,
  destroy_time_ms INTEGER NOT NULL,
  row_mac         BLOB NOT NULL,
  PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;
