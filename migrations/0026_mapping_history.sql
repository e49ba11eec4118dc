-- What a connection has mapped, to look at and to go back to. Times are integer milliseconds since 1970.
CREATE TABLE mapping_revision (
  connection_id TEXT NOT NULL,
  -- As `connection.mapping_version` was with it.
  version INTEGER NOT NULL,
  -- NULL: the adapter's own.
  mapping TEXT CHECK (mapping IS NULL OR json_valid(mapping)),
  -- Who put it, as `audit.actor`; '{}': nobody knows any more.
  actor TEXT NOT NULL CHECK (json_valid(actor)),
  -- Since when; NULL: nobody knows any more.
  at INTEGER,
  PRIMARY KEY (connection_id, version)
) STRICT, WITHOUT ROWID;

-- When an administrator entered it; NULL: before there was this column.
ALTER TABLE connection_secret ADD COLUMN set_at INTEGER;
