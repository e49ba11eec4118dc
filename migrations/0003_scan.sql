-- Scans: an app's whole list, walked in bursts, and what it says beside the links. Times are integer
-- milliseconds since 1970.

CREATE TABLE scan (
  id TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  type TEXT NOT NULL,
  -- 1: nothing but these tables is written.
  dry_run INTEGER NOT NULL CHECK (dry_run IN (0, 1)),
  -- 1: an administrator has said that the app really became this small.
  accept_shrink INTEGER NOT NULL CHECK (accept_shrink IN (0, 1)),
  -- Mapping version and match rules that `scan_key` was made under.
  basis TEXT NOT NULL,
  -- refused: walked to its end, and not believed; failed: not walked to its end.
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'refused', 'failed')),
  phase TEXT NOT NULL CHECK (phase IN ('walk', 'ambiguous', 'missing', 'findings')),
  -- Where the phase goes on: the app's own cursor in `walk`, a key or a native id in the others.
  cursor TEXT,
  -- Counts commits. Each one is guarded on the number it began with: of two walkers one wins.
  step INTEGER NOT NULL DEFAULT 0,
  seen INTEGER NOT NULL DEFAULT 0 CHECK (seen >= 0),
  -- What the app says it holds, where it says so.
  total INTEGER,
  -- In a row.
  failures INTEGER NOT NULL DEFAULT 0,
  -- Accounts by situation, from the end of the scan.
  counts TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(counts)),
  note TEXT,
  -- 1: its accounts and keys have been erased.
  pruned INTEGER NOT NULL DEFAULT 0 CHECK (pruned IN (0, 1)),
  started_at INTEGER NOT NULL,
  touched_at INTEGER NOT NULL,
  finished_at INTEGER,
  CHECK ((state = 'running') = (finished_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX scan_running ON scan (connection, type) WHERE state = 'running';
CREATE INDEX scan_time ON scan (connection, type, started_at);
CREATE INDEX scan_to_prune ON scan (finished_at) WHERE pruned = 0 AND state <> 'running';

-- One row for each account that the scan met, and for each link whose account it did not meet.
CREATE TABLE scan_account (
  scan TEXT NOT NULL REFERENCES scan (id),
  native_id TEXT NOT NULL,
  link TEXT,
  display TEXT,
  situation TEXT NOT NULL CHECK (situation IN
    ('linked', 'discovered', 'ambiguous', 'protected', 'id-reuse', 'drift', 'hidden', 'missing')),
  -- Reasons: names and counts.
  detail TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail)),
  PRIMARY KEY (scan, native_id)
) STRICT, WITHOUT ROWID;
-- The two that are left out are nearly all rows, and the primary key finds them as fast.
CREATE INDEX scan_account_situation ON scan_account (scan, situation, native_id)
  WHERE situation NOT IN ('linked', 'discovered');

-- Normalised keys of the match rules.
CREATE TABLE scan_key (
  scan TEXT NOT NULL REFERENCES scan (id),
  kind TEXT NOT NULL,
  norm TEXT NOT NULL,
  native_id TEXT NOT NULL,
  PRIMARY KEY (scan, kind, norm, native_id)
) STRICT, WITHOUT ROWID;

-- A pre-flight: what would become of each person of an export, against one scan.
CREATE TABLE preflight (
  id TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  scan TEXT NOT NULL REFERENCES scan (id),
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX preflight_scan ON preflight (scan);
CREATE INDEX preflight_time ON preflight (created_at);

CREATE TABLE preflight_person (
  preflight TEXT NOT NULL REFERENCES preflight (id),
  person TEXT NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('linked', 'adopt', 'create', 'ambiguous', 'blocked')),
  PRIMARY KEY (preflight, person)
) STRICT, WITHOUT ROWID;

-- Every account that a person may stand for.
CREATE TABLE preflight_match (
  preflight TEXT NOT NULL REFERENCES preflight (id),
  native_id TEXT NOT NULL,
  person TEXT NOT NULL,
  PRIMARY KEY (preflight, native_id, person)
) STRICT, WITHOUT ROWID;

-- Findings: three more kinds, and a person's decision. SQLite changes a CHECK by a new table only.
DROP INDEX finding_open;
ALTER TABLE finding RENAME TO finding_before;
CREATE TABLE finding (
  id TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN
    ('ambiguous', 'id-reuse', 'deleted-member', 'app-credential', 'app-failing', 'orphan', 'missing',
     'drift')),
  subject TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail)),
  -- ignored: a person has seen it and wants to hear no more of it.
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ignored', 'closed')),
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  decided_at INTEGER
) STRICT;
INSERT INTO finding (id, connection, kind, subject, detail, state, first_seen, last_seen)
  SELECT id, connection, kind, subject, detail, state, first_seen, last_seen FROM finding_before;
DROP TABLE finding_before;
CREATE UNIQUE INDEX finding_live ON finding (connection, kind, subject) WHERE state <> 'closed';
CREATE INDEX finding_time ON finding (connection, first_seen, id);
