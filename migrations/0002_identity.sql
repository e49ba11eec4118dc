-- Data tables: identity links and what hangs on them. Rows are scoped by `connection`, the id of a
-- row in the control table of that name; there is no foreign key to it, because the two sets of
-- tables may live in different databases. Times are integer milliseconds since 1970.

-- SCIM id <-> native id. An id is unique in its connection only: imported ones were given out by
-- somebody else, and two tenants of one vendor may both have a "1".
CREATE TABLE link (
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
  -- What the client sent that the app cannot show back (docs/decisions/0003-echo.md).
  shadow TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(shadow)),
  -- Counts changes, of members too; part of the ETag.
  version INTEGER NOT NULL DEFAULT 1,
  -- Groups: when every member the app holds had been read into `edge`; NULL: never.
  members_read_at INTEGER,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  PRIMARY KEY (connection, id),
  CHECK (native_id IS NOT NULL OR state IN ('proposed', 'pending', 'tombstone')),
  CHECK (survives = 0 OR state = 'tombstone')
) STRICT;

-- At most one live link for an account, whoever mints it.
CREATE UNIQUE INDEX link_live ON link (connection, type, native_id)
  WHERE native_id IS NOT NULL AND state <> 'tombstone';
CREATE INDEX link_hidden ON link (connection, type, native_id) WHERE survives = 1;
CREATE INDEX link_external ON link (connection, type, external_id) WHERE external_id IS NOT NULL;

-- "This normalised key belongs to that link": the primary key is the mutex of create and rename.
CREATE TABLE claim (
  connection TEXT NOT NULL,
  type TEXT NOT NULL,
  kind TEXT NOT NULL,
  norm TEXT NOT NULL,
  link TEXT NOT NULL,
  -- A claim that its account does not bear out is free again, but not while a rename may be under way.
  taken_at INTEGER NOT NULL,
  PRIMARY KEY (connection, type, kind, norm),
  FOREIGN KEY (connection, link) REFERENCES link (connection, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_link ON claim (connection, link);

-- One durable, unfinished write per link. Holds no secrets.
CREATE TABLE intent (
  id TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  link TEXT NOT NULL,
  op TEXT NOT NULL CHECK (op IN ('create', 'delete')),
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
CREATE UNIQUE INDEX intent_open ON intent (connection, link)
  WHERE state IN ('ready', 'sending', 'unknown', 'waiting');
CREATE INDEX intent_due ON intent (next_at)
  WHERE state IN ('ready', 'sending', 'unknown', 'waiting');

-- Membership as rows. An edge is evidence, not truth: the app may hold more.
CREATE TABLE edge (
  connection TEXT NOT NULL,
  group_link TEXT NOT NULL,
  member_link TEXT NOT NULL,
  member_type TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('want', 'have', 'retry', 'blocked')),
  at INTEGER NOT NULL,
  PRIMARY KEY (connection, group_link, member_link)
) STRICT, WITHOUT ROWID;
CREATE INDEX edge_member ON edge (connection, member_link);

-- The sandbox's own directory.
CREATE TABLE document (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  connection TEXT NOT NULL,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body)),
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX document_id ON document (connection, type, id);
CREATE INDEX document_order ON document (connection, type, seq);

-- Its top-level strings, folded, for look-ups by equality. `exact` keeps the letter case.
CREATE TABLE document_key (
  connection TEXT NOT NULL,
  type TEXT NOT NULL,
  attribute TEXT NOT NULL,
  norm TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (connection, type, attribute, norm, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_key_document ON document_key (connection, type, document);

-- Every write that was decided, in the same batch as its commit. Append-only, no values.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  connection TEXT NOT NULL,
  at INTEGER NOT NULL,
  request TEXT NOT NULL,
  type TEXT NOT NULL,
  link TEXT NOT NULL,
  op TEXT NOT NULL,
  decision TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail))
) STRICT;
CREATE INDEX audit_time ON audit (connection, at);
CREATE INDEX audit_link ON audit (connection, link);

-- Something a person should look at.
CREATE TABLE finding (
  id TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN
    ('ambiguous', 'id-reuse', 'deleted-member', 'app-credential', 'app-failing')),
  subject TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail)),
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX finding_open ON finding (connection, kind, subject) WHERE state = 'open';
