-- Waits until no admission is in flight and holds up new ones, so that no task takes a place in a
-- lane before the head that lanes/advance.sql finds.
--
-- Returns  nothing
-- Locks    the admissions' advisory lock, exclusively, until the end
-- Index    none
-- Caller   PgSchedulerStore::advance_lanes
SELECT pg_advisory_xact_lock(1279609960, 1)
