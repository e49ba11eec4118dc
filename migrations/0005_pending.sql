-- A person may be invited, or made by a job that takes its time: the link is out with the client, and
-- the app knows it by the number of an invitation or job. SQLite changes a CHECK by a new table only,
-- and tables that refer to it follow. Times are integer milliseconds since 1970.

CREATE TABLE link_after (
  id TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 255),
  connection TEXT NOT NULL,
  type TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('proposed', 'discovered', 'linked', 'pending', 'ambiguous', 'missing', 'retiring', 'tombstone')),
  native_id TEXT,
  -- A fact about the account that never changes; a difference means that the app reused the id.
  fingerprint TEXT,
  -- How the link came to be: the client's create, the client's adoption, a read, or an import.
  origin TEXT NOT NULL CHECK (origin IN ('created', 'adopted', 'discovered', 'imported')),
  -- 1 on a tombstone whose account still exists in the app: reads and filters hide it.
  survives INTEGER NOT NULL DEFAULT 0 CHECK (survives IN (0, 1)),
  -- The client's own identifier, where the app cannot hold it: matched by filter.
  external_id TEXT,
  -- What people call it; for `groups[].display` and lists of people.
  display TEXT,
  -- What the client sent that the app cannot show back (docs/decisions/0003-echo.md); of a pending
  -- link all that it sent.
  shadow TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(shadow)),
  -- Counts changes, of members too; part of the ETag.
  version INTEGER NOT NULL DEFAULT 1,
  -- Groups: when every member the app holds had been read into `edge`; NULL: never.
  members_read_at INTEGER,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  -- When the app first said that the account of this link is not there; NULL: it was there when asked.
  missed_at INTEGER,
  -- The app's id of the invitation or job that is to make the account; NULL: there is none.
  ticket TEXT,
  PRIMARY KEY (connection, id),
  CHECK (native_id IS NOT NULL OR state IN ('proposed', 'pending', 'tombstone')
         OR (state = 'retiring' AND ticket IS NOT NULL)),
  CHECK (ticket IS NULL OR state IN ('pending', 'retiring')),
  CHECK (survives = 0 OR state = 'tombstone')
) STRICT;
INSERT INTO link_after (id, connection, type, state, native_id, fingerprint, origin, survives,
                        external_id, display, shadow, version, members_read_at, created_at,
                        modified_at, missed_at)
  SELECT id, connection, type, state, native_id, fingerprint, origin, survives, external_id, display,
         shadow, version, members_read_at, created_at, modified_at, missed_at
    FROM link;

CREATE TABLE claim_after (
  connection TEXT NOT NULL,
  type TEXT NOT NULL,
  kind TEXT NOT NULL,
  norm TEXT NOT NULL,
  link TEXT NOT NULL,
  -- A claim that its account does not bear out is free again, but not while a rename may be under way.
  taken_at INTEGER NOT NULL,
  PRIMARY KEY (connection, type, kind, norm),
  FOREIGN KEY (connection, link) REFERENCES link_after (connection, id)
) STRICT, WITHOUT ROWID;
INSERT INTO claim_after (connection, type, kind, norm, link, taken_at)
  SELECT connection, type, kind, norm, link, taken_at FROM claim;

CREATE TABLE intent_after (
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
  -- When the sweeper looks at it (again); of a waiting one, when the app is asked (again).
  next_at INTEGER NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 1,
  body TEXT NOT NULL CHECK (json_valid(body)),
  created_at INTEGER NOT NULL,
  FOREIGN KEY (connection, link) REFERENCES link_after (connection, id)
) STRICT;
INSERT INTO intent_after (id, connection, link, op, state, fence, lease_until, next_at, attempt, body,
                          created_at)
  SELECT id, connection, link, op, state, fence, lease_until, next_at, attempt, body, created_at
    FROM intent;

DROP TABLE intent;
DROP TABLE claim;
DROP TABLE link;
-- Foreign keys follow the renamed table.
ALTER TABLE link_after RENAME TO link;
ALTER TABLE claim_after RENAME TO claim;
ALTER TABLE intent_after RENAME TO intent;

-- At most one live link for an account, whoever mints it.
CREATE UNIQUE INDEX link_live ON link (connection, type, native_id)
  WHERE native_id IS NOT NULL AND state <> 'tombstone';
CREATE INDEX link_hidden ON link (connection, type, native_id) WHERE survives = 1;
CREATE INDEX link_external ON link (connection, type, external_id) WHERE external_id IS NOT NULL;
-- At most one person for an invitation or job.
CREATE UNIQUE INDEX link_ticket ON link (connection, type, ticket) WHERE ticket IS NOT NULL;
CREATE INDEX link_pending ON link (connection, type, created_at, id) WHERE state = 'pending';
CREATE INDEX claim_link ON claim (connection, link);
CREATE UNIQUE INDEX intent_open ON intent (connection, link)
  WHERE state IN ('ready', 'sending', 'unknown', 'waiting');
CREATE INDEX intent_due ON intent (next_at)
  WHERE state IN ('ready', 'sending', 'unknown', 'waiting');
