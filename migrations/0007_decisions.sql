-- Modes that end, and what a person decided about an account. Times are integer milliseconds.

-- When `observe` or `gate` ends: thousands of refused writes push a client into quarantine. On a
-- paused connection: when the mode before it ended by itself.
ALTER TABLE connection ADD COLUMN mode_until INTEGER
  CHECK (mode_until IS NULL OR (mode_until > 0 AND mode <> 'live'));
UPDATE connection SET mode_until = (unixepoch() + 86400) * 1000 WHERE mode IN ('observe', 'gate');
CREATE INDEX connection_mode_until ON connection (mode_until) WHERE mode IN ('observe', 'gate');

-- chosen: of several accounts, or of one that a rule only suggests, this one stands for the person.
-- aside: it never stands for anybody. protected: it refuses every write.
ALTER TABLE link ADD COLUMN verdict TEXT CHECK (verdict IN ('chosen', 'aside', 'protected'));

-- What passes by itself, and is looked at by the cron until it has.
CREATE INDEX finding_passing ON finding (kind, last_seen)
  WHERE state = 'open' AND kind IN ('app-credential', 'app-failing', 'mode-ended');
