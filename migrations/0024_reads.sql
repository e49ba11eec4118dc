-- What a request reads is what it asks for, however many people and groups a connection has. SQLite keeps no
-- statistics here, and takes the primary key of a table WITHOUT ROWID, which holds the whole row, for as good as
-- an index that names more: it read all claims and edges of a connection to find those of one link. An index
-- that begins with the link, and so ends with the primary key, it takes.
DROP INDEX claim_link;
CREATE INDEX claim_link ON claim (link);
DROP INDEX edge_member;
CREATE INDEX edge_member ON edge (member_link);

-- A link that goes is looked for among all intents, closed ones too: theirs is a foreign key.
CREATE INDEX intent_link ON intent (connection, link);

-- Who is asked for by the name under which a read has met the account, and is nobody's yet: a guess, which the
-- app's answer confirms, and which saves a trip.
CREATE INDEX link_seen ON link (connection, type, display COLLATE NOCASE) WHERE state = 'discovered';

-- Whom a client manages: the guard counts some of them, a control read asks the app for one.
CREATE INDEX link_linked ON link (connection, type, native_id)
  WHERE state = 'linked' AND native_id IS NOT NULL;
