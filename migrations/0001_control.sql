-- Control tables: what an administrator sets up. They share no foreign key, join or batch with the
-- data tables, which may live in another database (connection.data_db).
-- Times are integer milliseconds since 1970-01-01 UTC. JSON columns hold what the administrator
-- gave; defaults are filled in when it is read.

CREATE TABLE connection (
  id              TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  name            TEXT    NOT NULL
                  CHECK (length(name) BETWEEN 1 AND 63
                    AND name GLOB '[a-z0-9]*' AND name NOT GLOB '*[^a-z0-9-]*'),
  adapter         TEXT    NOT NULL CHECK (adapter <> ''),
  settings        TEXT    NOT NULL DEFAULT '{}'
                  CHECK (json_valid(settings) AND json_type(settings) = 'object'),
  -- NULL: the adapter's own mapping holds.
  mapping         TEXT
                  CHECK (mapping IS NULL
                    OR (json_valid(mapping) AND json_type(mapping) = 'object')),
  mapping_version INTEGER NOT NULL DEFAULT 1 CHECK (mapping_version >= 1),
  -- Without `mode`, which is a column of its own.
  policy          TEXT    NOT NULL DEFAULT '{}'
                  CHECK (json_valid(policy) AND json_type(policy) = 'object'
                    AND json_type(policy, '$.mode') IS NULL),
  extensions      TEXT    NOT NULL DEFAULT '[]'
                  CHECK (json_valid(extensions) AND json_type(extensions) = 'array'),
  resource_types  TEXT    NOT NULL DEFAULT '[]'
                  CHECK (json_valid(resource_types) AND json_type(resource_types) = 'array'),
  mode            TEXT    NOT NULL DEFAULT 'live'
                  CHECK (mode IN ('observe', 'gate', 'live', 'paused')),
  -- Binding of the database that holds this connection's data tables.
  data_db         TEXT    NOT NULL DEFAULT 'DB' CHECK (data_db <> ''),
  -- offboarding: nobody gets in any more; a job erases the data, then this row.
  state           TEXT    NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'offboarding')),
  -- Goes up with every change of this row or of its secrets.
  version         INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at      INTEGER NOT NULL CHECK (created_at > 0),
  updated_at      INTEGER NOT NULL CHECK (updated_at >= created_at)
) STRICT;

-- A name is free again as soon as its connection is off-boarded.
CREATE UNIQUE INDEX connection_name ON connection (name) WHERE state = 'active';
CREATE INDEX connection_offboarding ON connection (updated_at) WHERE state = 'offboarding';

CREATE TABLE connection_secret (
  connection_id TEXT NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
  name          TEXT NOT NULL CHECK (name <> ''),
  -- base64url of nonce (12 bytes), ciphertext and tag (16 bytes): AES-256-GCM, bound to this row.
  sealed        TEXT NOT NULL CHECK (length(sealed) > 38),
  key_id        TEXT NOT NULL CHECK (length(key_id) = 16),
  PRIMARY KEY (connection_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
  id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  connection_id TEXT    NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
  -- SHA-256, hexadecimal. The token itself is kept nowhere.
  hash          TEXT    NOT NULL CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
  label         TEXT,
  created_at    INTEGER NOT NULL CHECK (created_at > 0),
  expires_at    INTEGER CHECK (expires_at > created_at),
  last_used_at  INTEGER CHECK (last_used_at >= created_at)
) STRICT;

CREATE UNIQUE INDEX token_hash ON token (hash);
CREATE INDEX token_connection ON token (connection_id, created_at, id);
