-- How to show which row it is: an expression over alias x, as text.
--
--   $1 oid      relation
-- Returns  key: the primary key as jsonb, else the ctid
-- Locks    none; the relation is locked already
-- Index    pg_index_indrelid_index
-- Caller   RowByRow::pick (row_step.cpp), PgTargetDatabase::census
SELECT coalesce((
         SELECT format('pg_catalog.jsonb_build_object(%s)::text',
                       string_agg(format('%L, x.%I', a.attname, a.attname), ', ' ORDER BY k.n))
           FROM pg_index i
          CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
           JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
          WHERE i.indrelid = $1::oid AND i.indisprimary AND k.n <= i.indnkeyatts
         HAVING count(*) > 0), 'x.ctid::text') AS key
