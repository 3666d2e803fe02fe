-- Tells a target's line of tenants what happened since: tasks of theirs gave their slots back, cost
-- more or less than was charged, or new ones wait. A tenant that was away gets no credit for it.
--
--   $1 text     target
--   $2 jsonb    array of {tenant, freed (tasks), cost (milliseconds, may be negative), place (the
--               first of its new waiting tasks; 0: look from the beginning; none: nothing new
--               waits)}, each once
-- Affects  the tenants' shares
-- Locks    the shares; the caller has locked the target's slots
-- Index    shares_pkey, target_slots_pkey from the newest version down; rows are changed by ctid
-- Caller   touch (queue_steps.cpp)
WITH slot AS MATERIALIZED (
  SELECT x.ctid AS tid, x.vtime
    FROM lethe.target_slots x
   WHERE x.target = $1::text
   ORDER BY x.version DESC LIMIT 1
), entry AS MATERIALIZED (
  SELECT e.tenant, e.freed, e.place, h.tid,
         e.cost * 100 / coalesce((SELECT c.weight FROM lethe.tenants c
                                   WHERE c.target = $1::text AND c.name = e.tenant), 100) AS vtime
    FROM jsonb_to_recordset($2::jsonb) AS e (tenant text, freed integer, cost bigint, place bigint)
    LEFT JOIN LATERAL (SELECT x.ctid AS tid FROM lethe.shares x
                        WHERE x.target = $1::text AND x.tenant = e.tenant
                        ORDER BY x.version DESC LIMIT 1) h ON true
), slots AS (
  UPDATE lethe.target_slots s
     SET admitted = greatest(0, s.admitted - (SELECT sum(e.freed) FROM entry e)),
         version = s.version + 1
   WHERE s.ctid = ANY (ARRAY (SELECT tid FROM slot)) AND (SELECT sum(e.freed) FROM entry e) > 0
), known AS (
  UPDATE lethe.shares h
     SET eligible = true, admitted = greatest(0, h.admitted - e.freed), version = h.version + 1,
         vtime = greatest((SELECT vtime FROM slot), h.vtime + e.vtime),
         head = least(h.head, e.place)
    FROM entry e
   WHERE h.ctid = e.tid
)
INSERT INTO lethe.shares (target, tenant, vtime)
SELECT $1::text, e.tenant, s.vtime
  FROM entry e
 CROSS JOIN slot s
 WHERE e.tid IS NULL
