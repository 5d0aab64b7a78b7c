-- Every alias of a key, its own included. With and without `alias/` in front it is the same alias, and only one key
-- of a project can have it.
CREATE TABLE kms_key_alias (
  project_id     TEXT NOT NULL,
  alias          TEXT NOT NULL,
  key_id         TEXT NOT NULL,
  create_time_ms INTEGER NOT NULL,
  update_time_ms INTEGER NOT NULL,
  PRIMARY KEY (project_id, alias),
  FOREIGN KEY (project_id, key_id) REFERENCES kms_key (project_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX kms_key_alias_bare ON kms_key_alias
  (project_id, (CASE WHEN substr(alias, 1, 6) = 'alias/' THEN substr(alias, 7) ELSE alias END));
CREATE INDEX kms_key_alias_of ON kms_key_alias (project_id, key_id);

-- `position` keeps the order in which tags came.
CREATE TABLE kms_key_tag (
  project_id TEXT NOT NULL,
  key_id     TEXT NOT NULL,
  tag_key    TEXT NOT NULL,
  tag_value  TEXT NOT NULL,
  position   INTEGER NOT NULL CHECK (position BETWEEN 0 AND 19),
  PRIMARY KEY (project_id, key_id, tag_key),
  UNIQUE (project_id, key_id, position),
  FOREIGN KEY (project_id, key_id) REFERENCES kms_key (project_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX kms_key_due ON kms_key (scheduled_delete_time_ms) WHERE scheduled_delete_time_ms IS NOT NULL;
CREATE INDEX kms_key_rotation_due ON kms_key (next_rotation_time_ms) WHERE next_rotation_time_ms IS NOT NULL;
