-- Places a hold. The caller holds the lock of the gate's row '*' exclusively, so nobody else places one
-- meanwhile and no batch is in flight.
--
--   $1 text     schema, exact; NULL: every table
--   $2 text     table, exact
--   $3 oid      the table
--   $4 text     tenant, NULL for none
--   $5 text[]   columns that may hold it
--   $6 jsonb    match
--   $7 text     reason
--   $8 text     who
--   $9 bigint   so many may be in force at once
-- Returns  id; no row when so many are in force
-- Locks    the new row
-- Index    holds_active
-- Caller   place_hold (hold_rows.cpp)
INSERT INTO lethe.holds (table_schema, table_name, relation_oid, database_oid, tenant, tenant_columns,
                         match, reason, placed_by)
SELECT $1::text, $2::text, $3::oid,
       (SELECT d.oid FROM pg_database d WHERE d.datname = current_database() AND $1::text IS NOT NULL),
       $4::text, $5::text[], $6::jsonb, $7::text, $8::text
 WHERE (SELECT count(*) FROM lethe.holds h WHERE h.released_at IS NULL) < $9::bigint
RETURNING id
