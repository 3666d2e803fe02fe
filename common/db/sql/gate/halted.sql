-- Why the gate lets no batch of a policy through, for whoever only asks.
--
--   $1 text     policy
-- Returns  reason; no row when it is open
-- Locks    none
-- Index    gate_pkey
-- Caller   judge_row (row_verdict.cpp)
SELECT CASE g.policy WHEN '*' THEN 'the target is halted' ELSE 'the policy is halted' END
       || CASE WHEN g.reason <> '' THEN ': ' || g.reason ELSE '' END AS reason
  FROM lethe.gate g
 WHERE g.policy IN ('*', $1::text) AND g.halted
 ORDER BY g.policy <> '*'
 LIMIT 1
