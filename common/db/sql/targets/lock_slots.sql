-- Serialises whoever changes which tasks of these targets are admitted. First statement of every
-- transaction that admits, rescues, enqueues, pauses or cancels; shared among all of them is the
-- lock that lanes/lock_admission.sql takes alone.
--
--   $1 text[]   target names
-- Returns  target of each that exists
-- Locks    the targets' rows of target_slots, in the order of their names, until the end
-- Index    target_slots_pkey from the newest version down
-- Caller   lock_slots (queue_steps.cpp)
SELECT s.target
  FROM (SELECT pg_advisory_xact_lock_shared(1279609960, 1)) admission
 CROSS JOIN (SELECT DISTINCT name FROM unnest($1::text[]) AS u (name) ORDER BY name) n
 CROSS JOIN LATERAL (SELECT x.target FROM lethe.target_slots x
                      WHERE x.target = n.name
                      ORDER BY x.version DESC LIMIT 1
                        FOR UPDATE) s
