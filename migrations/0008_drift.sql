-- Nightly scans, and one more situation of an account. Times are integer milliseconds since 1970.

-- When the cron looks next whether a scan of this connection is due; 0: as soon as it can.
ALTER TABLE connection ADD COLUMN scan_at INTEGER NOT NULL DEFAULT 0 CHECK (scan_at >= 0);
CREATE INDEX connection_scan ON connection (scan_at) WHERE state = 'active';

-- SQLite changes a CHECK by a new table only.
DROP INDEX scan_account_situation;
ALTER TABLE scan_account RENAME TO scan_account_before;
CREATE TABLE scan_account (
  scan TEXT NOT NULL REFERENCES scan (id),
  native_id TEXT NOT NULL,
  link TEXT,
  display TEXT,
  situation TEXT NOT NULL CHECK (situation IN
    ('linked', 'discovered', 'ambiguous', 'protected', 'id-reuse', 'drift', 'reactivated', 'hidden',
     'missing')),
  -- Reasons: names and counts.
  detail TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail)),
  PRIMARY KEY (scan, native_id)
) STRICT, WITHOUT ROWID;
INSERT INTO scan_account (scan, native_id, link, display, situation, detail)
  SELECT scan, native_id, link, display, situation, detail FROM scan_account_before;
DROP TABLE scan_account_before;
-- The two that are left out are nearly all rows, and the primary key finds them as fast.
CREATE INDEX scan_account_situation ON scan_account (scan, situation, native_id)
  WHERE situation NOT IN ('linked', 'discovered');
