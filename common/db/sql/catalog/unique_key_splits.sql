-- Values of a column between which about equally many rows lie, by its statistics. Only a proposal:
-- the ranges made of it are complete whatever it says. pg_stats shows what this role may read; of a
-- column that was never analysed, or in which a few values are all there is, there is no row.
--
--   $1 oid      relation
--   $2 text     column, exact
--   $3 bigint   parts that are wanted at least, where there are as many bounds
-- Returns  split (text of the column's type, 1 to 64 bytes), in its order
-- Locks    none
-- Index    pg_statistic_relid_att_inh_index
-- Caller   look_up_unique_key (unique_key.cpp)
SELECT b.value AS split
  FROM (SELECT s.histogram_bounds::text::text[] AS bounds
          FROM pg_stats s
         WHERE s.schemaname = (SELECT n.nspname FROM pg_class c
                                 JOIN pg_namespace n ON n.oid = c.relnamespace
                                WHERE c.oid = $1::oid)
           AND s.tablename = (SELECT c.relname FROM pg_class c WHERE c.oid = $1::oid)
           AND s.attname = $2::name AND NOT s.inherited) h
 CROSS JOIN unnest(h.bounds) WITH ORDINALITY AS b (value, place)
 WHERE b.place > 1 AND b.place < cardinality(h.bounds)
   AND (b.place - 1) % greatest(1, (cardinality(h.bounds) - 1) / $3::bigint) = 0
   AND octet_length(b.value) BETWEEN 1 AND 64
 ORDER BY b.place
