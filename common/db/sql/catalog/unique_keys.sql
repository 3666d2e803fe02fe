-- The unique btree indexes of a relation, and what keeps each of them from being the way along which
-- all rows are visited: it must hold every row once, in one order that the server itself defines.
-- First those that can serve; of these the one in whose order the rows lie best on disk.
--
--   $1 oid      relation
--   $2 text[]   columns that get new values, exact
-- Returns  name (quoted), columns (jsonb array of exact names, in its order), correlation (of the
--          first column, NULL: unknown), obstacle ('' when it can serve)
-- Locks    none
-- Index    pg_index_indrelid_index, pg_statistic_relid_att_inh_index
-- Caller   look_up_unique_keys (unique_key.cpp)
WITH part AS (
  SELECT i.indexrelid, k.n, a.attname, a.attcollation,
         has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS may_read,
         a.attnotnull AND NOT EXISTS (  -- since PostgreSQL 18 there may be rows that it does not hold for
           SELECT 1 FROM pg_constraint x
            WHERE x.conrelid = i.indrelid AND x.contype = 'n' AND NOT x.convalidated
              AND a.attnum = ANY (x.conkey)) AS is_filled,
         -- The columns of a row that is compared here are compared by code of the server's own.
         (t.oid < 16384 OR t.typtype = 'e') AND o.opcdefault AND o.oid < 16384
           AND i.indcollation[k.n] = a.attcollation AS is_plain,
         i.indoption[k.n] AS direction
    FROM pg_index i
   CROSS JOIN LATERAL generate_series(0, i.indnkeyatts - 1) AS k (n)
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n] AND a.attnum > 0
    LEFT JOIN pg_opclass o ON o.oid = i.indclass[k.n]
    LEFT JOIN LATERAL (
      WITH RECURSIVE base AS (
        SELECT b.oid, b.typtype, b.typbasetype, b.typcategory, b.typelem
          FROM pg_type b WHERE b.oid = a.atttypid
        UNION ALL
        SELECT b.oid, b.typtype, b.typbasetype, b.typcategory, b.typelem
          FROM base
          JOIN pg_type b ON b.oid = CASE WHEN base.typtype = 'd' THEN base.typbasetype
                                         WHEN base.typcategory = 'A' THEN base.typelem END)
      SELECT base.oid, base.typtype
        FROM base
       WHERE base.typtype <> 'd' AND (base.typcategory <> 'A' OR base.typelem = 0)) t ON true
   WHERE i.indrelid = $1::oid AND i.indisunique
), whole AS (
  SELECT p.indexrelid, jsonb_agg(p.attname ORDER BY p.n) AS columns,
         bool_or(p.attname IS NULL) AS has_expression,
         min(quote_ident(p.attname)) FILTER (WHERE NOT p.may_read) AS hidden,
         min(quote_ident(p.attname)) FILTER (WHERE NOT p.is_filled) AS nullable,
         min(quote_ident(p.attname)) FILTER (WHERE NOT coalesce(p.is_plain, false)) AS foreign_type,
         min(quote_ident(p.attname)) FILTER (WHERE p.attname = ANY ($2::text[])) AS changed,
         -- 0 is ASC NULLS LAST, 3 is the same backwards.
         min(p.direction) = max(p.direction) AND min(p.direction) IN (0, 3) AS is_one_way
    FROM part p
   GROUP BY p.indexrelid
), judged AS (
  SELECT i.indexrelid, i.indisprimary, format('%I.%I', n.nspname, c.relname) AS name, w.columns,
         i.indnkeyatts,
         CASE
           WHEN NOT (i.indisvalid AND i.indisready AND i.indislive) THEN 'is not valid'
           WHEN w.has_expression THEN 'has an expression in it'
           WHEN i.indpred IS NOT NULL THEN 'leaves rows out (WHERE)'
           WHEN NOT i.indimmediate THEN 'is deferrable'
           WHEN w.nullable IS NOT NULL THEN format('has a column that may be NULL (%s)', w.nullable)
           WHEN w.foreign_type IS NOT NULL
           THEN format('compares column %s otherwise than the server does', w.foreign_type)
           WHEN NOT w.is_one_way THEN 'mixes ascending and descending, or NULLS FIRST'
           WHEN w.hidden IS NOT NULL THEN format('has a column that this role may not read (%s)', w.hidden)
           WHEN w.changed IS NOT NULL THEN format('has a column that the policy sets (%s)', w.changed)
           ELSE '' END AS obstacle
    FROM pg_index i
    JOIN whole w ON w.indexrelid = i.indexrelid
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am m ON m.oid = c.relam AND m.amname = 'btree'
    JOIN pg_namespace n ON n.oid = c.relnamespace
)
SELECT j.name, j.columns::text AS columns, s.correlation::float8 AS correlation, j.obstacle
  FROM judged j
  LEFT JOIN pg_stats s
    ON s.schemaname = (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE c.oid = $1::oid)
   AND s.tablename = (SELECT c.relname FROM pg_class c WHERE c.oid = $1::oid)
   AND s.attname = j.columns ->> 0 AND NOT s.inherited
 -- Of several columns the server's planner trusts in the first one's order only so far.
 ORDER BY j.obstacle <> '', coalesce(abs(s.correlation), 0)
            * CASE WHEN j.indnkeyatts > 1 THEN 0.75 ELSE 1 END DESC, NOT j.indisprimary, j.indexrelid
