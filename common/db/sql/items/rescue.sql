-- Takes tasks back from workers that died or hung: epoch + 1, so that whatever the old worker still
-- does is refused, and rescues + 1. The third rescue without progress in between is a dead letter.
--
--   $1 text[]   tasks
--   $2 bigint   milliseconds without a heartbeat after which a worker is lost
--   $3 integer  rescues without progress that make a dead letter
-- Returns  id, run_id, worker, why, dead of each rescued task
-- Locks    the rescued rows by id; SKIP LOCKED: a row that is being settled needs no rescue. The
--          caller has locked the targets' slots
-- Index    items_pkey
-- Caller   PgSchedulerStore::rescue
WITH lost AS MATERIALIZED (
  SELECT i.id, i.run_id, i.leased_by, i.rescues + 1 >= $3::integer AS poison,
         CASE WHEN i.lease_deadline < clock_timestamp()
              THEN 'the lease of worker ' || i.leased_by || ' ran out'
              ELSE 'worker ' || i.leased_by || ' was lost' END AS why
    FROM lethe.items i
    LEFT JOIN lethe.workers w ON w.id = i.leased_by
   WHERE i.id = ANY ($1::text[]) AND i.is_leased
     AND (i.lease_deadline < clock_timestamp() OR w.id IS NULL OR w.phase IN ('gone', 'lost')
          OR w.last_seen < clock_timestamp() - $2::bigint * interval '1 millisecond')
   ORDER BY i.id
     FOR UPDATE OF i SKIP LOCKED
), back AS (
  UPDATE lethe.items t
     SET is_leased = false, leased_by = NULL, leased_at = NULL, lease_deadline = NULL,
         admission = 1, ready_at = clock_timestamp(), lease_epoch = t.lease_epoch + 1,
         vft = lethe.place(clock_timestamp(), t.priority),
         rescues = t.rescues + 1, attempts = greatest(0, t.attempts - 1), last_error = lost.why
    FROM lost
   WHERE t.id = lost.id AND NOT lost.poison
), removed AS (
  DELETE FROM lethe.items t USING lost WHERE t.id = lost.id AND lost.poison RETURNING t.*
), buried AS (
  INSERT INTO lethe.dead
  SELECT r.*, clock_timestamp(),
         'poison: rescued ' || (r.rescues + 1) || ' times without progress; last: ' || lost.why, ''
    FROM removed r JOIN lost ON lost.id = r.id
)
SELECT id, run_id, leased_by AS worker, why, poison AS dead FROM lost
