-- An update that takes a key or switches an account off is finished by the sweeper like a delete, an
-- app may take its time over a create, and findings have more kinds. SQLite changes a CHECK by a new
-- table only. Times are integer milliseconds since 1970.

-- When the app first said that the account of this link is not there; NULL: it was there when asked.
ALTER TABLE link ADD COLUMN missed_at INTEGER;

DROP INDEX intent_open;
DROP INDEX intent_due;
ALTER TABLE intent RENAME TO intent_before;
CREATE TABLE intent (
  id TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  link TEXT NOT NULL,
  op TEXT NOT NULL CHECK (op IN ('create', 'update', 'delete')),
  -- waiting: the app has taken a create on and will say later what became of it.
  state TEXT NOT NULL CHECK (state IN
    ('ready', 'sending', 'unknown', 'waiting', 'done', 'failed', 'dead')),
  -- Grows with each lease; a commit under an old fence changes nothing.
  fence INTEGER NOT NULL DEFAULT 1,
  -- Until then its holder's calls may still reach the app.
  lease_until INTEGER NOT NULL,
  -- When the sweeper looks at it (again).
  next_at INTEGER NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 1,
  body TEXT NOT NULL CHECK (json_valid(body)),
  created_at INTEGER NOT NULL,
  FOREIGN KEY (connection, link) REFERENCES link (connection, id)
) STRICT;
INSERT INTO intent (id, connection, link, op, state, fence, lease_until, next_at, attempt, body,
                    created_at)
  SELECT id, connection, link, op, state, fence, lease_until, next_at, attempt, body, created_at
    FROM intent_before;
DROP TABLE intent_before;
CREATE UNIQUE INDEX intent_open ON intent (connection, link)
  WHERE state IN ('ready', 'sending', 'unknown', 'waiting');
CREATE INDEX intent_due ON intent (next_at)
  WHERE state IN ('ready', 'sending', 'unknown', 'waiting');

DROP INDEX finding_live;
DROP INDEX finding_time;
ALTER TABLE finding RENAME TO finding_before;
CREATE TABLE finding (
  id TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN
    ('ambiguous', 'id-reuse', 'deleted-member', 'app-credential', 'app-failing', 'orphan', 'missing',
     'drift', 'protected', 'not-created', 'mode-ended', 'reactivated', 'member-blocked', 'guard',
     'leaver', 'not-removed')),
  subject TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail)),
  -- ignored: a person has seen it and wants to hear no more of it.
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ignored', 'closed')),
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  decided_at INTEGER
) STRICT;
INSERT INTO finding (id, connection, kind, subject, detail, state, first_seen, last_seen, decided_at)
  SELECT id, connection, kind, subject, detail, state, first_seen, last_seen, decided_at
    FROM finding_before;
DROP TABLE finding_before;
CREATE UNIQUE INDEX finding_live ON finding (connection, kind, subject) WHERE state <> 'closed';
CREATE INDEX finding_time ON finding (connection, first_seen, id);
