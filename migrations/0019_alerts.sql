-- Alerts: what must not wait until somebody looks (docs/alerts.md). Times are integer milliseconds.

-- Where notices go. Control table. An empty connection_id: a channel of the gateway, for all connections.
CREATE TABLE alert_channel (
  id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  connection_id TEXT    NOT NULL DEFAULT '',
  name          TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
  kind          TEXT    NOT NULL CHECK (kind IN ('webhook', 'slack', 'teams', 'email')),
  enabled       INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  -- The least severe that it is told.
  severity      TEXT    NOT NULL DEFAULT 'warning' CHECK (severity IN ('warning', 'critical')),
  -- What is no secret: the host of a webhook and the ids of its signing secrets; addresses of e-mail.
  target        TEXT    NOT NULL CHECK (json_valid(target)),
  -- Address and signing secrets, JSON, sealed: whoever knows the address of a Slack webhook may post
  -- there. NULL for e-mail, which says that the sealing key is lost.
  sealed        TEXT,
  key_id        TEXT,
  -- Grows with each change.
  version       INTEGER NOT NULL DEFAULT 1,
  created_at    INTEGER NOT NULL CHECK (created_at > 0),
  updated_at    INTEGER NOT NULL CHECK (updated_at > 0),
  CHECK ((kind = 'email') = (sealed IS NULL)), CHECK ((key_id IS NULL) = (sealed IS NULL))
) STRICT;
CREATE UNIQUE INDEX alert_channel_name ON alert_channel (connection_id, name);
CREATE INDEX alert_channel_key ON alert_channel (key_id) WHERE key_id IS NOT NULL;

-- When the cron looks next whether something of this connection is worth an alert.
ALTER TABLE connection ADD COLUMN alert_at INTEGER NOT NULL DEFAULT 0 CHECK (alert_at >= 0);
CREATE INDEX connection_alert ON connection (alert_at) WHERE state = 'active';

-- One row for each thing that people were told of, while it lasts, and for a while after. Data table.
CREATE TABLE alert (
  id         TEXT    PRIMARY KEY,
  connection TEXT    NOT NULL,
  kind       TEXT    NOT NULL,
  -- An id of ours, or nothing where a kind is one alert whatever it counts.
  subject    TEXT    NOT NULL,
  severity   TEXT    NOT NULL CHECK (severity IN ('warning', 'critical')),
  -- Grows as an end comes near; another notice is sent when it does.
  stage      INTEGER NOT NULL DEFAULT 0,
  count      INTEGER NOT NULL DEFAULT 1 CHECK (count >= 1),
  -- Numbers and ids; never a value.
  detail     TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(detail)),
  opened_at  INTEGER NOT NULL,
  -- When its last notice was made.
  told_at    INTEGER NOT NULL,
  -- How many notices were made: of two runs of the cron that make the same one, one wins.
  notices    INTEGER NOT NULL DEFAULT 1,
  -- Since when it has not been met; NULL: it was met the last time.
  absent_at  INTEGER,
  ended_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX alert_open ON alert (connection, kind, subject) WHERE ended_at IS NULL;
CREATE INDEX alert_ended ON alert (ended_at) WHERE ended_at IS NOT NULL;

-- A notice to one channel: D1 is the truth, whatever wakes up who sends it. Data table.
CREATE TABLE alert_delivery (
  -- What receivers know it by, the same in every attempt.
  id         TEXT    PRIMARY KEY,
  connection TEXT    NOT NULL,
  alert      TEXT    NOT NULL,
  channel    TEXT    NOT NULL,
  notice     TEXT    NOT NULL CHECK (json_valid(notice)),
  state      TEXT    NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'failed', 'dropped')),
  attempts   INTEGER NOT NULL DEFAULT 0,
  -- Why the last attempt failed: a status or a word of ours.
  reason     TEXT,
  created_at INTEGER NOT NULL,
  -- Not before then is it tried; while it is tried, until when it is whose.
  next_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_delivery_due ON alert_delivery (next_at) WHERE state = 'due';
CREATE INDEX alert_delivery_connection ON alert_delivery (connection, created_at);
CREATE INDEX alert_delivery_age ON alert_delivery (created_at) WHERE state <> 'due';

-- Findings: a channel that cannot be told. SQLite changes a CHECK by a new table only.
DROP INDEX finding_live;
DROP INDEX finding_time;
DROP INDEX finding_passing;
ALTER TABLE finding RENAME TO finding_before;
CREATE TABLE finding (
  id TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN
    ('ambiguous', 'id-reuse', 'deleted-member', 'app-credential', 'app-failing', 'orphan', 'missing',
     'drift', 'protected', 'not-created', 'mode-ended', 'reactivated', 'member-blocked', 'guard',
     'leaver', 'not-removed', 'alert-undelivered')),
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
CREATE INDEX finding_passing ON finding (kind, last_seen)
  WHERE state = 'open' AND kind IN ('app-credential', 'app-failing', 'mode-ended');
