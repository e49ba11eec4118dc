-- OAuth clients of a connection. Control tables: no connection's data.

CREATE TABLE client (
  connection_id TEXT    NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
  -- The client_id that it names itself by, unique within its connection.
  id            TEXT    NOT NULL CHECK (length(id) BETWEEN 1 AND 200),
  -- secret: has client secrets. assertion: signs in by its own provider's tokens (RFC 7523 §2.2).
  -- token: a trusted provider's tokens are bearer tokens here, and no token of ours is asked for.
  kind          TEXT    NOT NULL CHECK (kind IN ('secret', 'assertion', 'token')),
  label         TEXT,
  scope         TEXT    NOT NULL CHECK (scope IN ('scim', 'scim:read')),
  -- Life of the access tokens that we give out.
  token_seconds INTEGER NOT NULL CHECK (token_seconds BETWEEN 3600 AND 21600),
  -- Whose tokens are believed; src/access/trust.ts.
  trust         TEXT    CHECK (json_valid(trust)),
  created_at    INTEGER NOT NULL CHECK (created_at > 0),
  last_used_at  INTEGER CHECK (last_used_at >= created_at),
  PRIMARY KEY (connection_id, id),
  CHECK ((kind = 'secret') = (trust IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE client_secret (
  id            TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  connection_id TEXT    NOT NULL,
  client_id     TEXT    NOT NULL,
  -- SHA-256, hexadecimal. The secret itself is kept nowhere.
  hash          TEXT    NOT NULL CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
  created_at    INTEGER NOT NULL CHECK (created_at > 0),
  expires_at    INTEGER CHECK (expires_at > created_at),
  last_used_at  INTEGER CHECK (last_used_at >= created_at),
  FOREIGN KEY (connection_id, client_id) REFERENCES client (connection_id, id) ON DELETE CASCADE
) STRICT;

CREATE UNIQUE INDEX client_secret_hash ON client_secret (hash);
CREATE INDEX client_secret_client ON client_secret (connection_id, client_id, created_at);

-- Assertions with a jti are good for once (RFC 7523 §3).
CREATE TABLE used_assertion (
  connection_id TEXT    NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
  hash          TEXT    NOT NULL CHECK (length(hash) = 64),
  expires_at    INTEGER NOT NULL,
  PRIMARY KEY (connection_id, hash)
) STRICT, WITHOUT ROWID;

-- An access token is a token that a client was given; it dies with the client.
ALTER TABLE token ADD COLUMN client_id TEXT;
ALTER TABLE token ADD COLUMN scope TEXT NOT NULL DEFAULT 'scim'
  CHECK (scope IN ('scim', 'scim:read'));

CREATE INDEX token_client ON token (connection_id, client_id, created_at)
  WHERE client_id IS NOT NULL;
