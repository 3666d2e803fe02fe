-- Records where the copies of a batch are. Same transaction as the copies, before the ledger's row.
--
--   $1 text     run
--   $2 text     task
--   $3 bigint   batch
--   $4 bigint   epoch
--   $5 text     policy, '' ad hoc
--   $6 text     jsonb of the values that the rows got; NULL: they were deleted
--   $7 text     the policy's table: schema, exact
--   $8 text     its name, exact
--   $9 oid      the relation that the rows were in
--   $10 text    that relation as named now
--   $11 text    table with the copies: schema, exact; NULL for a file
--   $12 text    its name, exact
--   $13 text    directory; NULL for a table
--   $14 text    file in it
--   $15 text    sha256 of the file
--   $16 bigint  bytes of the file
--   $17 bigint  rows
--   $18 text    timestamp of the oldest row, NULL when none has one
--   $19 text    of the newest
--   $20 text    instant of the copies (timestamptz)
--   $21 text    how long they are kept (interval), NULL for ever
-- Affects  one row
-- Locks    the new row
-- Index    archives_pkey, archives_run_archived_at_key, archives_task_batch_key
-- Caller   BatchArchive::record
INSERT INTO lethe.archives (run, task, batch, epoch, policy, new_values, table_schema, table_name, relations,
                            relation, archive_schema, archive_table, directory, file, sha256, bytes, rows,
                            oldest, newest, archived_at, keep_until)
SELECT $1::text, $2::text, $3::bigint, $4::bigint, $5::text, $6::jsonb, $7::text, $8::text,
       ARRAY(SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = $7::text AND c.relname = $8::text
              UNION SELECT $9::oid),
       $10::text, $11::text, $12::text, $13::text, $14::text, $15::text, $16::bigint, $17::bigint,
       $18::text, $19::text, $20::timestamptz, $20::timestamptz + $21::interval
