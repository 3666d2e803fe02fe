-- Notes that the copies of a batch are gone.
--
--   $1 bigint   id
--   $2 text     who
-- Affects  one row
-- Locks    the row, held already
-- Index    archives_pkey
-- Caller   prune_archive (archive_rows.cpp)
UPDATE lethe.archives SET pruned_at = clock_timestamp(), pruned_by = $2::text WHERE id = $1::bigint
