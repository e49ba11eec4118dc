-- What was counted of a connection since it was made: sums that never go down, as monitoring wants them,
-- whatever is pruned. And what was counted of its tables when somebody last asked. Times are integer
-- milliseconds since 1970.
CREATE TABLE counter (
  connection TEXT NOT NULL PRIMARY KEY,
  -- When a client was last let in; 0: never.
  heard_at INTEGER NOT NULL DEFAULT 0,
  -- Requests that were let in, by outcome and resource type: { "done User": 3 }.
  requests TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(requests)),
  denied INTEGER NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0,
  calls_failed INTEGER NOT NULL DEFAULT 0,
  lost INTEGER NOT NULL DEFAULT 0,
  -- As in `traffic`: how many took up to so long. NULL: nothing was counted yet.
  request_ms TEXT CHECK (request_ms IS NULL OR json_valid(request_ms)),
  call_ms TEXT CHECK (call_ms IS NULL OR json_valid(call_ms)),
  -- Milliseconds of all.
  request_ms_sum INTEGER NOT NULL DEFAULT 0,
  call_ms_sum INTEGER NOT NULL DEFAULT 0,
  -- Of src/db/gauges.ts, and when they were taken.
  gauges TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(gauges)),
  gauged_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
