-- Tells a target's line of tenants what happened since: tasks of theirs gave their slots back, cost
-- more or less than was charged, or new ones wait. A tenant that was away gets no credit for it.
--
--   $1 text     target
--   $2 jsonb    array of {tenant, freed (tasks), cost (milliseconds, may be negative)}, each once
-- Affects  the tenants' shares
-- Locks    the shares; the caller has locked the target's slots
-- Index    shares_pkey
-- Caller   touch (queue_steps.cpp)
WITH entry AS MATERIALIZED (
  SELECT e.tenant, e.freed, e.cost * 100 / coalesce(c.weight, 100) AS vtime
    FROM jsonb_to_recordset($2::jsonb) AS e (tenant text, freed integer, cost bigint)
    LEFT JOIN lethe.tenants c ON c.target = $1::text AND c.name = e.tenant
), slots AS (
  UPDATE lethe.target_slots s
     SET admitted = greatest(0, s.admitted - (SELECT sum(e.freed) FROM entry e))
   WHERE s.target = $1::text AND (SELECT sum(e.freed) FROM entry e) > 0
), known AS (
  UPDATE lethe.shares h
     SET eligible = true, admitted = greatest(0, h.admitted - e.freed),
         vtime = greatest(s.vtime, h.vtime + e.vtime)
    FROM entry e
    JOIN lethe.target_slots s ON s.target = $1::text
   WHERE h.target = $1::text AND h.tenant = e.tenant
  RETURNING h.tenant
)
INSERT INTO lethe.shares (target, tenant, vtime)
SELECT s.target, e.tenant, s.vtime
  FROM entry e
  JOIN lethe.target_slots s ON s.target = $1::text
 WHERE e.tenant NOT IN (SELECT k.tenant FROM known k)
