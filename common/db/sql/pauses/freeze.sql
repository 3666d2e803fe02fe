-- Freezes everything or a target; a freeze that is there already stays as it is.
--
--   $1 text     scope: all, target
--   $2 text     name, '' for all
--   $3 text     reason, with the cure
-- Affects  one row, none when it was frozen
-- Locks    the pause's row
-- Index    pauses_pkey
-- Caller   freeze (queue_steps.cpp)
INSERT INTO lethe.pauses (scope, name, paused_by, reason, frozen)
VALUES ($1::text, $2::text, 'lethe', $3::text, true)
    ON CONFLICT (scope, name, frozen) DO NOTHING
