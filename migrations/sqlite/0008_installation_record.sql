-- `roll` names the rows of the installation that have been made once and are there ever since, so that a removed one is
-- noticed. `row_mac` covers the whole row. It is absent in a database whose canary is of the first form, and only there:
-- the next start signs what it finds and seals a canary that says so.
ALTER TABLE installation ADD COLUMN roll TEXT NOT NULL DEFAULT '[]';
ALTER TABLE installation ADD COLUMN row_mac BLOB;
