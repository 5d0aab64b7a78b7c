-- One row: the last time that was believed, so that a start with a wrong clock deletes nothing. The second pair is there
-- while the clock is not believed: what it showed, and for how long the server has run under it.
CREATE TABLE clock (
  only_row       INTEGER PRIMARY KEY CHECK (only_row = 1),
  seen_ms        INTEGER NOT NULL,
  hold_seen_ms   INTEGER,
  hold_passed_ms INTEGER CHECK (hold_passed_ms >= 0),
  row_mac        BLOB NOT NULL,
  CHECK ((hold_seen_ms IS NULL) = (hold_passed_ms IS NULL))
) STRICT;
