-- The ledger's chains in their order, each row with the hash that it ought to have and with what its
-- task's fence says. By statements of this program alone: what a function in the database says
-- could be changed with the rows.
--
--   $1 text     after this task
--   $2 bigint   and batch of it; 0 with '': from the first
--   $3 text     up to this task; '': to the last
--   $4 text     run; '' is any
--   $5 integer  most rows, 1..10000
-- Returns  id, task, batch, run, rows, prev_hash, hash, computed; fence_batches, fence_rows, fence_hash
--          (NULL: no fence any more)
-- Locks    none
-- Index    ledger_task_batch_key, ledger_run, fence_pkey
-- Caller   PgTargetProof::ledger_links
SELECT l.id, l.task, l.batch, l.run, l.rows, l.prev_hash, l.hash,
       encode(sha256(convert_to(jsonb_build_array(l.prev_hash, l.task, l.epoch, l.batch, l.run,
         l.policy, l.policy_hash, l.relation, l.cutoff AT TIME ZONE 'UTC', l.rows, l.oldest,
         l.newest, l.xid, l.system_identifier, l.timeline, l.at AT TIME ZONE 'UTC', l.method,
         l.estimated, l.bounds, l.cascaded, l.bytes)::text, 'UTF8')), 'hex') AS computed,
       f.batches AS fence_batches, f.rows AS fence_rows, f.ledger_hash AS fence_hash
  FROM lethe.ledger l
  LEFT JOIN lethe.fence f ON f.task = l.task
 WHERE (l.task, l.batch) > ($1::text, $2::bigint)
   AND ($3::text = '' OR l.task <= $3::text) AND ($4::text = '' OR l.run = $4::text)
 ORDER BY l.task, l.batch
 LIMIT $5::integer
