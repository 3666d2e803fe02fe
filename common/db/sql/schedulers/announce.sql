-- A scheduler says that it can be reached, and where.
--
--   $1 text     holder
--   $2 text     version
--   $3 text     workers, an endpoint or ''
--   $4 text     operators, the same
--   $5 text     events, the same
--   $6 text     public_key, Z85 or ''
-- Affects  one row
-- Locks    that row; no indexed column changes, so the update is HOT
-- Index    schedulers_pkey
-- Caller   PgSchedulerDirectory::announce
INSERT INTO lethe.schedulers (holder, version, workers, operators, events, public_key)
VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text)
    ON CONFLICT (holder) DO UPDATE
   SET version = excluded.version, workers = excluded.workers, operators = excluded.operators,
       events = excluded.events, public_key = excluded.public_key, last_seen = clock_timestamp()
