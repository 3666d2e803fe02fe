-- Admits waiting tasks of one target into its free slots: first those of the tenants that had least
-- of the fleet (start-time fair queuing by cost and weight), never more than a tenant's max_running.
-- The caps are exact: the caller holds the target's slots, whose counts are never too low. Tasks
-- that a pause covers are put aside, those outside their policy's window until it opens (a vacuum is
-- not: a run must not stay open for it), those whose policy is ahead of its rows per second until it is
-- not; likewise the target as a whole.
--
--   $1 text     target
-- Returns  one row: free (slots before, at most 256 at a time), taken (tasks), aside (tasks),
--          closed_shares (tenants that left the line because nothing of theirs may be admitted),
--          lane (of all that were taken; NULL when there are several, or none)
-- Locks    the shares and tasks it changes; the target's slots are the caller's
-- Index    shares_next from the target's virtual time, items_wai from each share's head; rows are
--          changed by ctid
-- Caller   admit (queue_steps.cpp)
WITH room AS MATERIALIZED (
  SELECT s.tid, s.target, s.vtime,
         least(256, greatest(0, CASE WHEN s.open_until > clock_timestamp() THEN 0
                                     WHEN t.rows_per_second IS NOT NULL
                                      AND lethe.paid_until('target', t.name) > clock_timestamp()
                                     THEN 0
                                     WHEN s.failures >= 3 THEN 1 - s.admitted
                                     ELSE t.max_running - s.admitted END)) AS free
    FROM lethe.targets t
   CROSS JOIN LATERAL (SELECT x.ctid AS tid, x.* FROM lethe.target_slots x
                        WHERE x.target = t.name ORDER BY x.version DESC LIMIT 1) s
   WHERE t.name = $1::text
     AND NOT EXISTS (SELECT 1 FROM lethe.pauses p
                      WHERE p.scope = 'all' OR (p.scope = 'target' AND p.name = t.name))
), share AS MATERIALIZED (
  SELECT x.tid, x.tenant, x.vtime, x.head, coalesce(c.weight, 100) AS weight,
         coalesce(c.max_running, CASE x.tenant WHEN '' THEN 1000 ELSE 4 END) - x.admitted AS room,
         r.free, 1 + r.free / count(*) OVER () AS part
    FROM room r
   CROSS JOIN LATERAL (SELECT h.ctid AS tid, h.tenant, h.vtime, h.head, h.admitted
                         FROM lethe.shares h
                        WHERE h.target = r.target AND h.eligible AND h.vtime >= r.vtime
                        ORDER BY h.vtime, h.tenant
                        LIMIT r.free) x
    LEFT JOIN LATERAL (SELECT t.weight, t.max_running FROM lethe.tenants t
                        WHERE t.target = r.target AND t.name = x.tenant LIMIT 1) c ON true
), candidate AS MATERIALIZED (
  SELECT h.tenant, q.tid, q.vft, q.est_cost, q.paused, q.opens_at,
         h.vtime + coalesce(sum(q.est_cost) OVER (
                     PARTITION BY h.tenant ORDER BY q.vft, q.tid
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) * 100 / h.weight AS tag
    FROM share h
   CROSS JOIN LATERAL (
          SELECT w.tid, w.vft, w.est_cost,
                 EXISTS (SELECT 1 FROM lethe.pauses p
                          WHERE (p.scope = 'policy' AND p.name = w.policy)
                             OR (p.scope = 'tenant' AND p.name = h.tenant)) AS paused,
                 CASE WHEN p.window_from IS NOT NULL AND w.kind <> 'vacuum'
                       AND lethe.window_closes(p.window_from, p.window_to, p.window_zone,
                                               clock_timestamp()) IS NULL
                      THEN lethe.window_opens(p.window_from, p.window_to, p.window_zone,
                                              clock_timestamp())
                      WHEN p.rows_per_second IS NOT NULL
                       AND lethe.paid_until('policy', p.name) > clock_timestamp()
                      THEN lethe.paid_until('policy', p.name) END AS opens_at
            FROM (SELECT i.ctid AS tid, i.vft, i.est_cost, i.policy, i.kind
                    FROM lethe.items i
                   WHERE i.target = $1::text AND i.tenant = h.tenant AND i.vft >= h.head
                     AND NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 1
                   ORDER BY i.vft, i.id
                   LIMIT greatest(0, least(h.part, h.room))) w
            LEFT JOIN lethe.policies p ON p.name = w.policy AND (p.window_from IS NOT NULL
                                                        OR p.rows_per_second IS NOT NULL)) q
), judged AS MATERIALIZED (
  SELECT c.tenant, c.tid, c.vft, c.est_cost, c.tag, c.opens_at, c.paused,
         NOT c.paused AND c.opens_at IS NULL AS fits,
         row_number() OVER (PARTITION BY NOT c.paused AND c.opens_at IS NULL
                            ORDER BY c.tag, c.tenant, c.vft, c.tid) AS place
    FROM candidate c
), taken AS MATERIALIZED (
  SELECT * FROM judged WHERE fits AND place <= (SELECT free FROM room)
), admitted AS (
  UPDATE lethe.items t
     SET admission = 0,
         vft = lethe.place(clock_timestamp(), 0)
               + array_position(ARRAY (SELECT tid FROM taken ORDER BY place), t.ctid)
   WHERE t.ctid = ANY (ARRAY (SELECT tid FROM taken ORDER BY place))
     AND NOT t.is_leased AND t.enqueue_at IS NULL
     AND t.admission + 0 = 1  -- not the index's condition: only the ctids may lead to the rows
  RETURNING t.lane
), aside AS (
  UPDATE lethe.items t
     SET (admission, enqueue_at) = (
           SELECT CASE WHEN j.paused THEN 2 ELSE 1 END, CASE WHEN NOT j.paused THEN j.opens_at END
             FROM judged j WHERE j.tid = t.ctid)
   WHERE t.ctid = ANY (ARRAY (SELECT tid FROM judged WHERE NOT fits))
     AND NOT t.is_leased AND t.enqueue_at IS NULL
     AND t.admission + 0 = 1  -- not the index's condition: only the ctids may lead to the rows
), outcome AS MATERIALIZED (
  SELECT h.tid, h.room,
         coalesce(sum(j.est_cost) FILTER (WHERE t), 0) * 100 / h.weight AS cost,
         count(*) FILTER (WHERE t) AS taken, count(j.tid) AS found,
         count(*) FILTER (WHERE j.fits AND NOT t) AS left_over,
         -- Where the next look begins: at the first that has to wait on, or the last that was seen.
         coalesce(min(j.vft) FILTER (WHERE j.fits AND NOT t), max(j.vft)) AS next_place,
         greatest(0, least(h.part, h.room)) AS looked_for
    FROM share h
    LEFT JOIN judged j ON j.tenant = h.tenant
   CROSS JOIN LATERAL (SELECT coalesce(j.fits AND j.place <= h.free, false) AS t) x
   GROUP BY h.tid, h.room, h.weight, h.part
), moved AS (
  UPDATE lethe.shares h
     SET vtime = h.vtime + o.cost, admitted = h.admitted + o.taken, version = h.version + 1,
         -- Whatever comes in before it is told to the share with its place (shares/touch.sql).
         head = greatest(h.head, o.next_place),
         eligible = o.room > o.taken AND (o.left_over > 0 OR o.found >= o.looked_for)
    FROM outcome o
   WHERE h.ctid = o.tid
  RETURNING h.eligible
), clock AS (
  UPDATE lethe.target_slots s
     SET admitted = s.admitted + (SELECT count(*) FROM taken), version = s.version + 1,
         vtime = greatest(s.vtime, (SELECT min(h.vtime) FROM share h))
   WHERE s.ctid = ANY (ARRAY (SELECT tid FROM room)) AND EXISTS (SELECT 1 FROM share)
)
SELECT coalesce((SELECT free FROM room), 0) AS free, (SELECT count(*) FROM taken) AS taken,
       (SELECT count(*) FROM judged WHERE NOT fits) AS aside,
       (SELECT count(*) FROM moved WHERE NOT eligible) AS closed_shares,
       (SELECT CASE WHEN min(a.lane) = max(a.lane) THEN min(a.lane) END FROM admitted a) AS lane
