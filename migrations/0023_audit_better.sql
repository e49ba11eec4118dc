-- What was done since for somebody whose request had come to nothing: one seek for each refusal, however
-- often the client tried.
CREATE INDEX audit_done_link ON audit (connection, link, op, at)
  WHERE link <> '' AND outcome IN ('done', 'unchanged');
CREATE INDEX audit_done_about ON audit (connection, about, op, at)
  WHERE about IS NOT NULL AND outcome IN ('done', 'unchanged');
