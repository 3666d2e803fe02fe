-- How to show which row it is: an expression over alias x, as text.
--
--   $1 oid      relation
-- Returns  key: the primary key as jsonb, else the ctid; readable: this role may read it where it
--          may read single columns alone
-- Locks    none; the relation is locked already
-- Index    pg_index_indrelid_index
-- Caller   RowByRow::pick (row_step.cpp), samples_of (pg_target_database.cpp)
SELECT coalesce('pg_catalog.jsonb_build_object('
                  || string_agg(format('%L, x.%I', a.attname, a.attname), ', ' ORDER BY k.n)
                  || ')::text', 'x.ctid::text') AS key,
       coalesce(bool_and(has_column_privilege(i.indrelid, k.attnum, 'SELECT')), false) AS readable
  FROM pg_index i
 CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
 WHERE i.indrelid = $1::oid AND i.indisprimary AND k.n <= i.indnkeyatts
