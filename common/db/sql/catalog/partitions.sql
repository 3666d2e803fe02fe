-- What the bounds of a table's leaf partitions say of the rows in them, and what keeps a leaf from
-- being taken away as a whole. Bounds are read as the server prints them (pg_get_expr), never from
-- names, of the leaf and of every partition above it; only ranges by $2 alone count. They are
-- compared as timestamptz, in which each of the types and units has its order (TimeZone is UTC). A
-- number before 1990 is no time, and its row stays (time_unit.hpp).
--
--   $1 oid      table, partitioned
--   $2 text     timestamp column, exact
--   $3 text     its type: date, timestamp without time zone or timestamp with time zone; of a number
--               the unit: s, ms or us; of anything else no partition counts as a range
--   $4 text     limit of that type or unit: rows before it may go, whoever's they are
--   $5 text     tenant column, exact, '' for none: rows without a tenant stay
--   $6 boolean  they go to quarantine
--   $7 oid      one leaf, NULL for all. Of one alone, which takes no longer in a table with thousands,
--               nobody can say that it is the newest
-- Returns  oid, ranged, expired (all before the limit), obstacle ('' for none), missing_right ('' for
--          none, else the GRANT to run); no row for a leaf that is not in the table (any more)
-- Locks    none
-- Index    pg_inherits_relid_seqno_index, pg_class_oid_index, pg_depend_reference_index
-- Caller   look_up_partitions (partitions.cpp)
WITH leaf AS MATERIALIZED (
  SELECT t.relid::oid AS oid
    FROM pg_partition_tree($1::oid::regclass) t
   WHERE $7::oid IS NULL AND t.isleaf
   UNION ALL
  SELECT $7::oid
   WHERE EXISTS (SELECT 1 FROM pg_partition_ancestors($7::oid::regclass) AS a (relid)
                  WHERE a.relid = $1::oid)
), level AS MATERIALIZED (  -- the leaf itself and every partition above it, with its parent
  SELECT l.oid AS leaf, a.relid::oid AS relation, i.inhparent AS parent,
         pg_get_expr(c.relpartbound, c.oid) AS bound
    FROM leaf l
   CROSS JOIN LATERAL pg_partition_ancestors(l.oid::regclass) AS a (relid)
    JOIN pg_class c ON c.oid = a.relid
    JOIN pg_inherits i ON i.inhrelid = a.relid
), range AS (  -- an integer has no quotes
  SELECT v.leaf, regexp_match(v.bound, '^FOR VALUES FROM [(](MINVALUE|''[^'']*''|[0-9]+)[)] '
                                       'TO [(](MAXVALUE|''[^'']*''|[0-9]+)[)]$') AS part
    FROM level v
    JOIN pg_partitioned_table p ON p.partrelid = v.parent
    JOIN pg_attribute k ON k.attrelid = v.parent AND k.attnum = p.partattrs[0]
   WHERE p.partstrat = 'r' AND p.partnatts = 1 AND k.attname = $2::name
     AND $3::text IN ('date', 'timestamp without time zone', 'timestamp with time zone', 's', 'ms',
                      'us')
), edge AS (
  SELECT r.leaf, 'low' AS side, trim(r.part[1], '''') AS value FROM range r WHERE r.part IS NOT NULL
   UNION ALL
  SELECT r.leaf, 'high', trim(r.part[2], '''') FROM range r WHERE r.part IS NOT NULL
   UNION ALL
  SELECT NULL, 'limit', $4::text
), point AS (
  -- A date and a number may be too far away for a timestamptz; so far away nothing is before any
  -- limit.
  SELECT e.leaf, e.side,
         CASE WHEN e.value = 'MINVALUE' THEN '-infinity'
              WHEN e.value = 'MAXVALUE' THEN 'infinity'
              WHEN $3::text = 'date' THEN least(e.value::date, '100000-01-01')::timestamptz
              WHEN $3::text = 'timestamp without time zone' THEN e.value::timestamp::timestamptz
              WHEN $3::text = 's' THEN 'epoch'::timestamptz
                + least(greatest(e.value::bigint, 0), 9000000000) * interval '1 second'
              WHEN $3::text = 'ms' THEN 'epoch'::timestamptz
                + least(greatest(e.value::bigint, 0), 9000000000000) * interval '1 millisecond'
              WHEN $3::text = 'us' THEN 'epoch'::timestamptz
                + least(greatest(e.value::bigint, 0), 9000000000000000) * interval '1 microsecond'
              WHEN $3::text = 'timestamp with time zone' THEN e.value::timestamptz END AS at
    FROM edge e
), span AS (
  SELECT p.leaf, max(p.at) FILTER (WHERE p.side = 'low') AS low,
         min(p.at) FILTER (WHERE p.side = 'high') AS high
    FROM point p
   WHERE p.leaf IS NOT NULL
   GROUP BY p.leaf
), bounded AS (
  SELECT l.oid, s.high IS NOT NULL AS ranged, s.low, coalesce(s.high <= m.at, false) AS expired,
         $7::oid IS NULL AND s.high = max(s.high) OVER () AS newest
    FROM leaf l
    LEFT JOIN span s ON s.leaf = l.oid
   CROSS JOIN (SELECT p.at FROM point p WHERE p.side = 'limit') m
), published AS MATERIALIZED (
  SELECT t.schemaname, t.tablename, t.pubname
    FROM pg_publication_tables t
    JOIN pg_publication p ON p.pubname = t.pubname
   WHERE p.pubdelete
)
SELECT b.oid::bigint AS oid, b.ranged, b.expired,
       CASE WHEN NOT b.expired THEN ''
            WHEN $3::text IN ('s', 'ms', 'us') AND b.low < '1990-01-01'
            THEN 'its lower bound is before 1990, and such numbers are no times and stay'
            WHEN b.low = '-infinity' THEN 'it has no lower bound, and rows at -infinity stay'
            WHEN b.newest THEN 'it is the newest partition, from which others may be made'
            WHEN $5::text <> '' AND NOT EXISTS (
                 SELECT 1 FROM pg_attribute a
                  WHERE a.attrelid = b.oid AND a.attname = $5::name AND a.attnotnull
                    AND NOT EXISTS (SELECT 1 FROM pg_constraint n
                                     WHERE n.conrelid = b.oid AND n.contype = 'n' AND NOT n.convalidated
                                       AND n.conkey = ARRAY[a.attnum]))
            THEN format('its column %I may be NULL, and rows without a tenant stay', $5::text)
            ELSE coalesce(
              (SELECT format('foreign key %I of %s refers to it', f.conname, f.conrelid::regclass)
                 FROM level v
                 JOIN pg_constraint f ON f.confrelid IN (v.relation, v.parent)
                WHERE v.leaf = b.oid AND f.contype = 'f'
                LIMIT 1),
              (SELECT format('trigger %I runs on DELETE and would not see it go', t.tgname)
                 FROM level v
                 JOIN pg_trigger t ON t.tgrelid = b.oid OR (t.tgrelid = v.parent AND (t.tgtype & 1) <> 0)
                WHERE v.leaf = b.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'
                  AND (t.tgtype & 8) <> 0
                LIMIT 1),
              (SELECT format('publication %I publishes deletes, and subscribers would keep its rows',
                             u.pubname)
                 FROM level v
                 JOIN pg_class c ON c.oid IN (v.relation, v.parent)
                 JOIN pg_namespace n ON n.oid = c.relnamespace
                 JOIN published u ON u.schemaname = n.nspname AND u.tablename = c.relname
                WHERE v.leaf = b.oid
                LIMIT 1),
              (SELECT format('%s depends on it', pg_describe_object(d.classid, d.objid, d.objsubid))
                 FROM pg_depend d
                WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = b.oid AND d.deptype = 'n'
                  AND d.classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass)
                LIMIT 1),
              '') END AS obstacle,
       CASE WHEN NOT pg_has_role(c.relowner, 'USAGE')
            THEN format('GRANT %s TO %s', c.relowner::regrole, quote_ident(current_user))
            WHEN NOT pg_has_role(p.relowner, 'USAGE')
            THEN format('GRANT %s TO %s', p.relowner::regrole, quote_ident(current_user))
            WHEN $6::boolean AND (has_schema_privilege(to_regnamespace('lethe_quarantine'), 'USAGE')
                                  AND has_schema_privilege(to_regnamespace('lethe_quarantine'), 'CREATE'))
                                 IS NOT TRUE
            THEN format('GRANT USAGE, CREATE ON SCHEMA lethe_quarantine TO %s', quote_ident(current_user))
            ELSE '' END AS missing_right
  FROM bounded b
  JOIN pg_class c ON c.oid = b.oid
  JOIN pg_inherits i ON i.inhrelid = b.oid
  JOIN pg_class p ON p.oid = i.inhparent
 ORDER BY b.oid
