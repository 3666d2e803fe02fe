-- The holds in force that may cover rows of some tables: those on everything, on one of them, on what
-- one of them is a part of, and on parts of them.
--
--   $1 oid[]    tables or partitions
--   $2 text[]   names that they had before: the schemas, exact
--   $3 text[]   the same: the tables
-- Returns  by id: id, of_everything (names no table), tenant (may be NULL), tenant_columns and match
--          (JSON), parts (oid[]: the hold is on these parts alone; NULL: on all)
-- Locks    none; whoever deletes has the gate's shared locks
-- Index    holds_active, pg_class_relname_nsp_index, pg_inherits_parent_index
-- Caller   find_holds (holds.cpp), find_hold (archive_rows.cpp)
WITH RECURSIVE above AS (
  SELECT a.oid FROM unnest($1::oid[]) AS a (oid) WHERE a.oid IS NOT NULL
  UNION
  SELECT i.inhparent FROM above JOIN pg_inherits i ON i.inhrelid = above.oid
), below AS (
  SELECT a.oid FROM unnest($1::oid[]) AS a (oid) WHERE a.oid IS NOT NULL
  UNION
  SELECT i.inhrelid FROM below JOIN pg_inherits i ON i.inhparent = below.oid
), held AS MATERIALIZED (  -- a table may have been renamed, and another one made in its place
  SELECT h.id, r.oid,
         h.table_name IS NULL OR coalesce(r.oid IN (SELECT above.oid FROM above), false)
           OR EXISTS (SELECT 1
                        FROM unnest($2::text[], $3::text[]) AS f (table_schema, table_name)
                       WHERE f.table_schema = h.table_schema AND f.table_name = h.table_name)
           AS whole
    FROM lethe.holds h
    LEFT JOIN LATERAL (
          SELECT c.oid
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = h.table_schema AND c.relname = h.table_name
           UNION
          SELECT h.relation_oid
           WHERE h.database_oid = (SELECT d.oid FROM pg_database d
                                    WHERE d.datname = current_database())) r ON true
   WHERE h.released_at IS NULL
), part AS (
  SELECT d.id, d.oid FROM held d WHERE NOT d.whole AND d.oid IN (SELECT below.oid FROM below)
  UNION
  SELECT part.id, i.inhrelid FROM part JOIN pg_inherits i ON i.inhparent = part.oid
)
SELECT h.id, h.table_name IS NULL AS of_everything, h.tenant,
       to_json(h.tenant_columns)::text AS tenant_columns, h.match::text AS match,
       CASE WHEN NOT f.whole THEN f.parts::text END AS parts
  FROM lethe.holds h
  JOIN (SELECT d.id, bool_or(d.whole) AS whole,
               (SELECT array_agg(p.oid ORDER BY p.oid) FROM part p WHERE p.id = d.id) AS parts
          FROM held d
         GROUP BY d.id) f ON f.id = h.id
 WHERE f.whole OR f.parts IS NOT NULL
 ORDER BY h.id
