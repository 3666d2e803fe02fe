-- Batches of runs that archive, without copies.
--
--   $1 text     only of this run; '' for all
--   $2 text     only of this table: schema, exact; NULL for all
--   $3 text     its name, exact
--   $4 integer  at most so many
-- Returns  run, task, batch, rows
-- Locks    none
-- Index    ledger_run, archives_task_batch_key
-- Caller   find_archive_problems (archive_rows.cpp)
SELECT l.run, l.task, l.batch, l.rows
  FROM (SELECT DISTINCT a.run
          FROM lethe.archives a
         WHERE ($1::text = '' OR a.run = $1::text)
           AND ($2::text IS NULL OR (a.table_schema = $2::text AND a.table_name = $3::text))) r
  JOIN lethe.ledger l ON l.run = r.run AND l.rows > 0
 WHERE NOT EXISTS (SELECT 1 FROM lethe.archives a WHERE a.task = l.task AND a.batch = l.batch)
 ORDER BY l.id
 LIMIT $4::integer
