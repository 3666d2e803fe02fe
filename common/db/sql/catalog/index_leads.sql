-- Whether a valid index leads to the old rows of a timestamp column: it is a btree over all rows (or
-- over those where the columns before are NULL) whose first key is the column, or the tenant's
-- column, when one tenant is asked for, followed by it.
--
--   $1 oid      relation
--   $2 text     timestamp column, exact
--   $3 text     the one tenant's column, '' for none
--   $4 text     the column that must be NULL for this one to count, '' for none
-- Returns  leads, by_tenant (through the one tenant's column) boolean
-- Locks    none
-- Index    none
-- Caller   index_lead (catalog.cpp)
SELECT count(*) > 0 AS leads,
       count(*) FILTER (WHERE a0.attname <> $2::text) > 0 AS by_tenant
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am m ON m.oid = c.relam
  JOIN pg_attribute a0 ON a0.attrelid = i.indrelid AND a0.attnum = i.indkey[0]
  LEFT JOIN pg_attribute a1 ON a1.attrelid = i.indrelid AND i.indnatts > 1
                           AND a1.attnum = i.indkey[1]
 WHERE i.indrelid = $1::oid AND i.indisvalid AND i.indisready AND m.amname = 'btree'
   AND (i.indpred IS NULL OR ($4::text <> ''
        AND pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NULL)', $4::text)))
   AND (a0.attname = $2::text
        OR ($3::text <> '' AND a0.attname = $3::text AND a1.attname = $2::text))
