-- People who leave: how many in a while (the guard), since when they are off, and accounts that are
-- to be deleted some days after their person. Times are integer milliseconds since 1970.

-- Since when a client wants this person off; NULL: it does not.
ALTER TABLE link ADD COLUMN inactive_since INTEGER;
-- Values of the app's attributes that a downgrade replaced, for the day when the person is back.
ALTER TABLE link ADD COLUMN former TEXT CHECK (former IS NULL OR json_valid(former));
CREATE INDEX link_inactive ON link (connection, inactive_since, id)
  WHERE inactive_since IS NOT NULL AND state = 'linked';

-- One row for each person whom a client disabled or deleted lately, or wanted to.
CREATE TABLE departure (
  connection TEXT NOT NULL,
  link TEXT NOT NULL,
  type TEXT NOT NULL,
  op TEXT NOT NULL CHECK (op IN ('disable', 'delete')),
  -- parked: one too many, for a person to decide; allowed: may pass once, and is not counted.
  state TEXT NOT NULL CHECK (state IN ('done', 'parked', 'allowed', 'rejected')),
  counts INTEGER NOT NULL DEFAULT 1 CHECK (counts IN (0, 1)),
  at INTEGER NOT NULL,
  PRIMARY KEY (connection, link)
) STRICT, WITHOUT ROWID;
CREATE INDEX departure_window ON departure (connection, type, state, counts, at);
CREATE INDEX departure_age ON departure (at);
