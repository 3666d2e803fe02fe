-- Makes sure that a lane has its line.
--
--   $1 text     name
-- Affects  1 row when the lane is new
-- Locks    the new row
-- Index    lanes_pkey
-- Caller   insert_run (new_run.cpp), PgTenantStore::set
INSERT INTO lethe.lanes (name)
SELECT $1::text WHERE NOT EXISTS (SELECT 1 FROM lethe.lanes WHERE name = $1::text)
    ON CONFLICT DO NOTHING
