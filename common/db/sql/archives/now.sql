-- The instant by which the copies of a batch are told from those of the run's other batches, and
-- which server this is.
--
-- Returns  at (timestamptz), system_identifier
-- Locks    none
-- Index    none
-- Caller   BatchArchive::open, PgTargetDatabase::system_identifier
SELECT clock_timestamp()::text AS at,
       (SELECT s.system_identifier::text FROM pg_control_system() s) AS system_identifier
