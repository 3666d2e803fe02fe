-- Sets a row aside for the rest of its run. A row that was changed since it was parked, and failed
-- again, takes the place of its old version.
--
--   $1 text     run
--   $2 text     task
--   $3 text     relation as named now
--   $4 oid      relation
--   $5 text     tid of the row
--   $6 text     xmin of the row
--   $7 text     key, for people
--   $8 text     SQLSTATE
--   $9 text     what the server said
-- Affects  one row
-- Locks    that row
-- Index    parked_row
-- Caller   RowByRow::park (row_step.cpp)
INSERT INTO lethe.parked AS p
       (run, task, relation, relation_oid, tid, row_xmin, key, sqlstate, message)
VALUES ($1::text, $2::text, $3::text, $4::oid, $5::tid, $6::xid, $7::text, $8::text, $9::text)
    ON CONFLICT (run, relation_oid, hashtextextended(key, 0)) DO UPDATE
   SET tid = excluded.tid, row_xmin = excluded.row_xmin, task = excluded.task,
       sqlstate = excluded.sqlstate, message = excluded.message, at = clock_timestamp()
