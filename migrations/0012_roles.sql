-- Roles that an app's people have by their groups (docs/decisions/0011-roles.md). Times are integer
-- milliseconds since 1970.

-- An attribute of one person is to be brought to what the person's groups say. The row goes when it is
-- so. What is wanted is not kept: it is worked out from `edge` and `role_table` when the app is told.
CREATE TABLE role_intent (
  connection TEXT NOT NULL,
  link TEXT NOT NULL,
  -- The app's attribute.
  app TEXT NOT NULL,
  -- Grows with each reason: who has told the app of an older one ends nothing.
  revision INTEGER NOT NULL DEFAULT 1,
  -- Who is telling the app right now, until `next_at`; NULL: nobody.
  holder TEXT,
  -- When the sweeper looks at it; NULL: the app refuses, and it waits for whoever asks again.
  next_at INTEGER,
  attempt INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (connection, link, app)
) STRICT, WITHOUT ROWID;
CREATE INDEX role_intent_due ON role_intent (next_at) WHERE next_at IS NOT NULL;

-- The role table of each connection as its data follows it: the policy is in the control tables, and no
-- batch reaches both.
CREATE TABLE role_table (
  connection TEXT NOT NULL PRIMARY KEY,
  -- Of the connection whose policy it is: an older one never takes the place of a newer one.
  version INTEGER NOT NULL,
  content TEXT NOT NULL CHECK (json_valid(content))
) STRICT, WITHOUT ROWID;
