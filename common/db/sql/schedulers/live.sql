-- The schedulers that can be reached, the leader first, then the newest.
--
-- Returns  holder, workers, operators, events, public_key
-- Locks    none
-- Index    none: there are few
-- Caller   PgSchedulerDirectory::live
SELECT s.holder, s.workers, s.operators, s.events, s.public_key
  FROM lethe.schedulers s
  LEFT JOIN lethe.leader l ON l.name = 'scheduler' AND l.holder = s.holder
                          AND l.expires_at > clock_timestamp()
 WHERE s.last_seen > clock_timestamp() - interval '15 seconds'
 ORDER BY l.holder IS NULL, s.started_at DESC, s.holder
 LIMIT 16
