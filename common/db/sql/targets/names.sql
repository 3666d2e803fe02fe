-- The names of all targets.
--
-- Returns  name; by name
-- Locks    none
-- Index    targets_pkey
-- Caller   all_target_names (queue_steps.cpp)
SELECT name FROM lethe.targets ORDER BY name
