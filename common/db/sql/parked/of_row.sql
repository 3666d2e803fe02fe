-- How this version of a row came to be set aside last.
--
--   $1 oid      relation
--   $2 text     tid of the row
--   $3 text     xmin of the row
-- Returns  run, task, relation, key, sqlstate, message, at (ISO 8601); or no row
-- Locks    none
-- Index    none: a run sets aside a limited number, and they are forgotten after 30 days
-- Caller   judge_row (row_verdict.cpp)
SELECT p.run, p.task, p.relation, p.key, p.sqlstate, p.message,
       to_char(p.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at
  FROM lethe.parked p
 WHERE p.relation_oid = $1::oid AND p.tid = $2::tid AND p.row_xmin = $3::xid
 ORDER BY p.id DESC
 LIMIT 1
