-- Sums over all rows that have a MAC, sealed: without them, rows that are put back to an older copy of themselves, or taken
-- away, are as authentic as ever. Written in the transaction of each change, with a counter that only rises.
CREATE TABLE row_sums (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  counter  INTEGER NOT NULL,
  sealed   BLOB NOT NULL
) STRICT;
