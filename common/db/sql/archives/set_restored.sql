-- Notes that the copies of a batch were restored.
--
--   $1 bigint   id
--   $2 text     who
-- Affects  one row
-- Locks    the row, held already
-- Index    archives_pkey
-- Caller   restore_archive (archive_restore.cpp)
UPDATE lethe.archives SET restored_at = clock_timestamp(), restored_by = $2::text WHERE id = $1::bigint
