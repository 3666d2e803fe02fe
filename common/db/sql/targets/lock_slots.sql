-- Serialises whoever changes which tasks of these targets are admitted. First statement of every
-- transaction that settles, rescues, enqueues, pauses or cancels.
--
--   $1 text[]   target names
-- Returns  one row per target that exists
-- Locks    the targets' rows of target_slots, in the order of their names, until the end
-- Index    target_slots_pkey
-- Caller   lock_slots (queue_steps.cpp)
SELECT target
  FROM lethe.target_slots
 WHERE target = ANY ($1::text[])
 ORDER BY target
   FOR UPDATE
