-- Administrators beside the bootstrap token (docs/decisions/0020-administrators.md). Control tables.

CREATE TABLE administrator (
  id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  -- What Cloudflare Access calls them (an e-mail address, a service token's name), or any other.
  name         TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  -- The name without letter case: nobody is taken for somebody else.
  name_key     TEXT    NOT NULL,
  role         TEXT    NOT NULL CHECK (role IN ('owner', 'operator', 'auditor')),
  -- Ids of the connections that they are limited to, an array; NULL: all. Not names, because a name is
  -- free again as soon as its connection is off-boarded. [] is none.
  connections  TEXT    CHECK (connections IS NULL
                 OR (json_valid(connections) AND json_type(connections) = 'array')),
  created_at   INTEGER NOT NULL CHECK (created_at > 0),
  last_used_at INTEGER CHECK (last_used_at >= created_at)
) STRICT;

CREATE UNIQUE INDEX administrator_name ON administrator (name_key);

CREATE TABLE administrator_token (
  id               TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  administrator_id TEXT    NOT NULL REFERENCES administrator (id) ON DELETE CASCADE,
  -- SHA-256, hexadecimal. The token itself is kept nowhere.
  hash             TEXT    NOT NULL CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
  label            TEXT,
  created_at       INTEGER NOT NULL CHECK (created_at > 0),
  expires_at       INTEGER CHECK (expires_at > created_at),
  last_used_at     INTEGER CHECK (last_used_at >= created_at)
) STRICT;

CREATE UNIQUE INDEX administrator_token_hash ON administrator_token (hash);
CREATE INDEX administrator_token_administrator
  ON administrator_token (administrator_id, created_at, id);
