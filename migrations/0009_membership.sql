-- Membership edges are their own intents: what is wanted is durable before the app hears of it, and is
-- settled after it (docs/decisions/0008-membership.md). Times are integer milliseconds since 1970.

-- 1: shall be a member; 0: shall be none. `state` says how far that is: `want` recorded, perhaps on its
-- way to the app; `have` so in the app; `retry` a try has failed and will be repeated; `blocked` the
-- app refuses, and a person must look at it.
ALTER TABLE edge ADD COLUMN wanted INTEGER NOT NULL DEFAULT 1 CHECK (wanted IN (0, 1));
-- 1: a removal that leaves the wish behind: the person is switched off and will be a member again.
ALTER TABLE edge ADD COLUMN kept INTEGER NOT NULL DEFAULT 0 CHECK (kept IN (0, 1));
-- Who is telling the app right now, until `next_at`; NULL: nobody.
ALTER TABLE edge ADD COLUMN holder TEXT;
-- When the sweeper looks at it; NULL: there is nothing to do.
ALTER TABLE edge ADD COLUMN next_at INTEGER;
ALTER TABLE edge ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;
CREATE INDEX edge_due ON edge (next_at) WHERE next_at IS NOT NULL;

-- When the group was last found to have more members than a small change may read; NULL: never.
ALTER TABLE link ADD COLUMN members_many_at INTEGER;

-- Apps that replace a whole list of members, or of a person's groups: who may do so now, and until when.
ALTER TABLE link ADD COLUMN members_holder TEXT;
ALTER TABLE link ADD COLUMN members_held_until INTEGER;
