-- A table with all that deleting from it may reach: its parts, what it is a part of, and the tables
-- whose foreign keys lead to any of them.
--
--   $1 oid      table
-- Returns  oids (oid[])
-- Locks    none
-- Index    pg_inherits_parent_index
-- Caller   refuse_held_call (holds.cpp)
WITH RECURSIVE reached AS (
  SELECT $1::oid AS oid
  UNION
  SELECT n.oid
    FROM reached r
   CROSS JOIN LATERAL (
     SELECT f.conrelid AS oid FROM pg_constraint f WHERE f.confrelid = r.oid AND f.contype = 'f'
      UNION ALL
     SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = r.oid
      UNION ALL
     SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = r.oid) n
)
SELECT array_agg(reached.oid)::text AS oids FROM reached
