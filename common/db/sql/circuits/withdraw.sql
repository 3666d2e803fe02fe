-- Takes the admission of a target's tasks back, except of those being worked on.
--
--   $1 text     target
-- Affects  the tasks; their place is among the tasks that come to wait now
-- Locks    them; the caller has locked the target's slots and recounts them
-- Index    items_lse as a whole
-- Caller   deliver (admission_news.cpp)
UPDATE lethe.items
   SET admission = 1, vft = lethe.place(clock_timestamp(), priority)
 WHERE target = $1::text AND NOT is_leased AND enqueue_at IS NULL AND admission = 0
