-- Manifests: adapters written as data, by name. A control table; connections name an adapter and
-- hold no foreign key to it, because most adapters are code.
CREATE TABLE manifest (
  name       TEXT    NOT NULL PRIMARY KEY
             CHECK (length(name) BETWEEN 1 AND 63
               AND name GLOB '[a-z]*' AND name NOT GLOB '*[^a-z0-9-]*'),
  -- The one in force.
  revision   INTEGER NOT NULL CHECK (revision >= 1),
  -- Goes up with every change of the row: who changes it says which one was read.
  change     INTEGER NOT NULL DEFAULT 1 CHECK (change >= 1),
  created_at INTEGER NOT NULL CHECK (created_at > 0),
  updated_at INTEGER NOT NULL CHECK (updated_at >= created_at)
) STRICT;

-- Every manifest that was in force, as the administrator gave it: one can go back.
CREATE TABLE manifest_revision (
  name       TEXT    NOT NULL REFERENCES manifest (name) ON DELETE CASCADE,
  revision   INTEGER NOT NULL CHECK (revision >= 1),
  -- The author's own.
  version    TEXT    NOT NULL CHECK (version <> ''),
  document   TEXT    NOT NULL CHECK (json_valid(document) AND json_type(document) = 'object'),
  created_at INTEGER NOT NULL CHECK (created_at > 0),
  PRIMARY KEY (name, revision)
) STRICT, WITHOUT ROWID;

-- Which connections use a manifest: asked before it is changed or deleted.
CREATE INDEX connection_adapter ON connection (adapter, name) WHERE state = 'active';
