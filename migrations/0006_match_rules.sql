-- What a match rule says of an account, beside its key: a pre-flight decides as a create would.

-- Conditions of the rule that the account does not meet, as JSON.
ALTER TABLE scan_key ADD COLUMN unmet TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(unmet));
-- 1: policy keeps the account out of matching, and no client managed it then.
ALTER TABLE scan_key ADD COLUMN excluded INTEGER NOT NULL DEFAULT 0 CHECK (excluded IN (0, 1));
