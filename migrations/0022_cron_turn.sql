-- Where a run of the cron is that takes long, or where it had to stop: the next one goes on after it, so
-- that a job which takes all the time there is starves none of those behind it. No row: the last run came
-- to its end.
CREATE TABLE cron_turn (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  -- The job that was begun last.
  job TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
