-- What closed intents are found by when they are forgotten, a week later: the cron looked through all of them
-- every minute.
CREATE INDEX intent_closed ON intent (created_at) WHERE state IN ('done', 'failed', 'dead');
