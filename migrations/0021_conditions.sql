-- What is wrong is looked for in the last day of the audit, of a hundred connections at once: requests
-- that came to nothing, and those that named attributes of no schema. There are few of both.
CREATE INDEX audit_refused ON audit (connection, at) WHERE outcome IN ('refused', 'failed');
CREATE INDEX audit_unknown ON audit (connection, at) WHERE json_extract(asked, '$.further') > 0;

-- Requests below the connection's name, and not below its base URL.
ALTER TABLE traffic ADD COLUMN misdirected INTEGER NOT NULL DEFAULT 0;
