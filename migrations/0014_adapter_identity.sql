-- What the adapter made native ids, names and members of when the connection was made
-- (docs/decisions/0017-private-adapters.md): a version that makes them of something else is refused while
-- objects are linked. NULL: a connection from before; the cron fills it in.
ALTER TABLE connection ADD COLUMN adapter_identity TEXT;
CREATE INDEX connection_unsigned ON connection (created_at) WHERE adapter_identity IS NULL;
