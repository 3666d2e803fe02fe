-- How many rows of a run are parked, and what the server said of the first.
--
--   $1 text     run
-- Returns  rows, message (NULL when there is none)
-- Locks    none
-- Index    parked_row
-- Caller   count_parked (row_step.cpp)
SELECT count(*) AS rows, (array_agg(p.message ORDER BY p.id))[1] AS message
  FROM lethe.parked p
 WHERE p.run = $1::text
