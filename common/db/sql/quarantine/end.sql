-- Records that a quarantined partition was dropped or restored.
--
--   $1 bigint   id
--   $2 boolean  restored, else dropped
--   $3 text     by whom
-- Affects  one row
-- Locks    the row, held already
-- Index    quarantine_pkey
-- Caller   purge_quarantined, restore_quarantined (quarantine.cpp)
UPDATE lethe.quarantine
   SET dropped_at = CASE WHEN $2::boolean THEN NULL ELSE clock_timestamp() END,
       restored_at = CASE WHEN $2::boolean THEN clock_timestamp() END, ended_by = $3::text
 WHERE id = $1::bigint
