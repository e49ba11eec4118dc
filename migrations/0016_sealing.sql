-- Which secrets a key has sealed: the cron re-seals those of former keys, and an operator asks how many
-- are left. Without it each run of the cron would read every secret of every connection.
CREATE INDEX connection_secret_key ON connection_secret (key_id);
