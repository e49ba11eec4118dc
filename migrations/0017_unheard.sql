-- 1: the cron has finished this create, so that no client has heard of it. Its next POST is answered as
-- the first one would have been.
ALTER TABLE intent ADD COLUMN unheard INTEGER NOT NULL DEFAULT 0 CHECK (unheard IN (0, 1));
CREATE INDEX intent_unheard ON intent (connection, link) WHERE unheard = 1;
