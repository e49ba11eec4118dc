-- The audit holds every request of a client, not its writes alone, and is added to only. Times are
-- integer milliseconds since 1970, spans are milliseconds.

-- `decided`: a write, in the batch of its commit. `answered`: a request and what became of it, written
-- with others some seconds after the answer.
ALTER TABLE audit ADD COLUMN kind TEXT NOT NULL DEFAULT 'decided'
  CHECK (kind IN ('decided', 'answered'));
-- Who: kind, id and label of a token, a client, an administrator or a job.
ALTER TABLE audit ADD COLUMN actor TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(actor));
ALTER TABLE audit ADD COLUMN method TEXT;
ALTER TABLE audit ADD COLUMN outcome TEXT
  CHECK (outcome IN ('done', 'unchanged', 'answered', 'refused', 'failed'));
ALTER TABLE audit ADD COLUMN status INTEGER;
ALTER TABLE audit ADD COLUMN ms INTEGER;
-- What the app was asked until then: method, route without values, status, span.
ALTER TABLE audit ADD COLUMN calls TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(calls));
-- What the client asked for: names of attributes and operators.
ALTER TABLE audit ADD COLUMN asked TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(asked));
-- The values of `asked`, hashed or shown, as the policy has it; erased with the person.
ALTER TABLE audit ADD COLUMN given TEXT CHECK (given IS NULL OR json_valid(given));
-- Hash of the one key that a request names somebody by who has no link yet; erased with the person.
ALTER TABLE audit ADD COLUMN about TEXT;

DROP INDEX audit_time;
DROP INDEX audit_link;
CREATE INDEX audit_time ON audit (connection, at);
CREATE INDEX audit_link ON audit (connection, link, at) WHERE link <> '';
CREATE INDEX audit_request ON audit (connection, request);
CREATE INDEX audit_about ON audit (connection, about, at) WHERE about IS NOT NULL;

-- Added to, and deleted when its time is over; of what is there nothing changes but what a person's
-- erasure takes away.
CREATE TRIGGER audit_is_added_to
BEFORE UPDATE OF seq, connection, at, request, type, link, op, decision, detail, kind, actor, method,
  outcome, status, ms, calls, asked ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit is added to only');
END;

-- An update that the app may have heard of and that is not committed: written with the read that it
-- begins with, and gone with its commit. What is left was cut off, and becomes a row of the audit.
CREATE TABLE sending (
  connection TEXT NOT NULL,
  link TEXT NOT NULL,
  request TEXT NOT NULL,
  type TEXT NOT NULL,
  actor TEXT NOT NULL CHECK (json_valid(actor)),
  at INTEGER NOT NULL,
  PRIMARY KEY (connection, link, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX sending_age ON sending (at);

-- When the cron looks next whether rows of this connection's audit are past their time.
ALTER TABLE connection ADD COLUMN audit_at INTEGER NOT NULL DEFAULT 0 CHECK (audit_at >= 0);
CREATE INDEX connection_audit ON connection (audit_at) WHERE state = 'active';

-- How a link came to be its client's, for as long as there is a link: the audit forgets.
ALTER TABLE link ADD COLUMN linked_at INTEGER;
-- SCIM path of the match rule; NULL: by none.
ALTER TABLE link ADD COLUMN linked_rule TEXT;
-- Who: as `audit.actor`.
ALTER TABLE link ADD COLUMN linked_by TEXT CHECK (linked_by IS NULL OR json_valid(linked_by));
-- The administrator who gave the verdict.
ALTER TABLE link ADD COLUMN decided_by TEXT CHECK (decided_by IS NULL OR json_valid(decided_by));

-- What the audit still knows of links from before.
UPDATE link SET linked_at = (
  SELECT min(a.at) FROM audit a
   WHERE a.connection = link.connection AND a.link = link.id AND a.link <> ''
     AND a.decision IN ('created', 'adopted', 'activated', 'imported'))
 WHERE state IN ('linked', 'pending', 'missing');

-- What was heard of a connection, in spans of five minutes.
CREATE TABLE traffic (
  connection TEXT NOT NULL,
  -- The beginning of the span.
  at INTEGER NOT NULL,
  heard_at INTEGER NOT NULL,
  reads INTEGER NOT NULL DEFAULT 0,
  writes INTEGER NOT NULL DEFAULT 0,
  -- Of both: answered 4xx, 5xx.
  refused INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  -- Not let in; counted in none of the others.
  denied INTEGER NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0,
  calls_failed INTEGER NOT NULL DEFAULT 0,
  -- Rows of the audit that could not be written.
  lost INTEGER NOT NULL DEFAULT 0,
  -- How many took up to so long, by the bounds of src/db/traffic.ts: requests, and calls of the app.
  request_ms TEXT NOT NULL CHECK (json_valid(request_ms)),
  call_ms TEXT NOT NULL CHECK (json_valid(call_ms)),
  PRIMARY KEY (connection, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX traffic_age ON traffic (at);
