-- Rows of the ledger, the newest first.
--
--   $1 text     run; '' is any
--   $2 text     task; '' is any
--   $3 integer  most rows, 1..10000
-- Returns  id, task, epoch, batch, run, policy, policy_hash, relation, cutoff, rows, oldest, newest, at
--          (instants ISO 8601), method, estimated, bounds, cascaded (jsonb text or NULL), bytes, xid,
--          system_identifier, timeline, hash
-- Locks    none
-- Index    ledger_pkey backwards, ledger_run, ledger_task_batch_key
-- Caller   PgTargetProof::ledger
SELECT l.id, l.task, l.epoch, l.batch, l.run, l.policy, l.policy_hash, l.relation,
       to_char(l.cutoff AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS cutoff, l.rows,
       l.oldest, l.newest, to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
       l.method, l.estimated, l.bounds, l.cascaded::text AS cascaded, l.bytes, l.xid,
       l.system_identifier, l.timeline, l.hash
  FROM lethe.ledger l
 WHERE ($1::text = '' OR l.run = $1::text) AND ($2::text = '' OR l.task = $2::text)
 ORDER BY l.id DESC
 LIMIT $3::integer
