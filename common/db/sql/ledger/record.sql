-- Records a batch: the ledger row, chained to the task's batch before, and the fence's totals and
-- cursor. Same transaction as the deletes that it counts.
--
--   $1 text     task
--   $2 bigint   rows deleted
--   $3 text     cursor for the next batch
--   $4 boolean  the task has nothing left to do
--   $5 text     policy, '' ad hoc
--   $6 text     sha256 of the policy
--   $7 text     relation as named now
--   $8 text     cutoff in force (timestamptz)
--   $9 text     timestamp of the oldest row deleted, NULL when none
--   $10 text    of the newest
--   $11 text    method: delete, drop, quarantine
--   $12 boolean $2 is an estimate
--   $13 text    bounds of the partition that went as a whole, '' for none
--   $14 text    jsonb of the children's rows that went along, by child; NULL when none did
--   $15 bigint  bytes on disk of that partition, NULL for none
-- Returns  batches, rows: the totals including this batch; ledger_id, hash: of the new row
-- Locks    the new row; the fence row, held already
-- Index    fence_pkey, ledger_task_batch_key
-- Caller   CleanStep::run_in
WITH entry AS (
  SELECT f.task, f.epoch, f.batches + 1 AS batch, f.run, f.ledger_hash AS prev_hash,
         clock_timestamp() AS at, pg_current_xact_id()::text AS xid,
         (SELECT s.system_identifier::text FROM pg_control_system() s) AS system_identifier,
         ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint AS timeline
    FROM lethe.fence f
   WHERE f.task = $1::text
), hashed AS (
  -- ledger/links.sql takes the same hash again.
  SELECT e.*,
         encode(sha256(convert_to(jsonb_build_array(e.prev_hash, e.task, e.epoch, e.batch, e.run,
           $5::text, $6::text, $7::text, $8::timestamptz AT TIME ZONE 'UTC', $2::bigint, $9::text,
           $10::text, e.xid, e.system_identifier, e.timeline, e.at AT TIME ZONE 'UTC', $11::text,
           $12::boolean, $13::text, $14::jsonb, $15::bigint)::text, 'UTF8')), 'hex') AS hash
    FROM entry e
), written AS (
  INSERT INTO lethe.ledger (task, epoch, batch, run, policy, policy_hash, relation, cutoff, rows,
                            oldest, newest, xid, system_identifier, timeline, at, prev_hash, hash,
                            method, estimated, bounds, cascaded, bytes)
  SELECT h.task, h.epoch, h.batch, h.run, $5::text, $6::text, $7::text, $8::timestamptz, $2::bigint,
         $9::text, $10::text, h.xid, h.system_identifier, h.timeline, h.at, h.prev_hash, h.hash,
         $11::text, $12::boolean, $13::text, $14::jsonb, $15::bigint
    FROM hashed h
  RETURNING id
)
UPDATE lethe.fence f
   SET batches = f.batches + 1, rows = f.rows + $2::bigint, cursor = $3::text,
       finished = $4::boolean, ledger_hash = h.hash, updated_at = h.at
  FROM hashed h
 WHERE f.task = h.task
RETURNING f.batches, f.rows, (SELECT w.id FROM written w) AS ledger_id, h.hash
