-- Records a partition that goes to quarantine, in the transaction that takes it away.
--
--   $1 text     schema of the partition, exact
--   $2 text     its name
--   $3 text     schema of its parent
--   $4 text     its parent's name
--   $5 text     bounds, as the server prints them
--   $6 text[]   names of its indexes and sequences
--   $7 text     policy
--   $8 text     run
--   $9 text     task
--   $10 bigint  rows
--   $11 boolean rows are an estimate
--   $12 bigint  bytes
--   $13 bigint  seconds until it may be purged
--   $14 oid     its parent
--   $15 text    the policy's tenant column, '' for none
-- Returns  name: what the table is called from now on, in lethe_quarantine
-- Locks    the new row
-- Index    none
-- Caller   quarantine_leaf (quarantine.cpp)
INSERT INTO lethe.quarantine (table_schema, table_name, parent_schema, parent_name, bounds, members,
                              policy, run, task, rows, estimated, bytes, purge_after, parents,
                              tenant_column)
VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text[], $7::text, $8::text, $9::text,
        $10::bigint, $11::boolean, $12::bigint, clock_timestamp() + $13::bigint * interval '1 second',
        ARRAY(SELECT a.relid::oid FROM pg_partition_ancestors($14::oid::regclass) AS a (relid)),
        $15::text)
RETURNING name
