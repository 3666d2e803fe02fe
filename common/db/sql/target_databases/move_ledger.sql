-- Remembers the newest row of a target's ledger that is known to be committed.
--
--   $1 text     target
--   $2 bigint   id
--   $3 text     hash
-- Affects  one row, none when a newer one is known or nothing at all
-- Locks    the target's row here
-- Index    target_databases_pkey
-- Caller   deliver_to (admission_news.cpp)
UPDATE lethe.target_databases
   SET ledger_id = $2::bigint, ledger_hash = $3::text
 WHERE target = $1::text AND ledger_id < $2::bigint
