-- Holds, the newest first.
--
--   $1 boolean  also those that were released
--   $2 bigint   only this one, whatever became of it; NULL for all
--   $3 integer  at most so many
-- Returns  id, relation (quoted, as its table is called now; NULL: every table), is_missing (no such
--          table any more), tenant, tenant_columns, match (JSON), reason, placed_by, placed_at,
--          released_at, released_by, release_reason
-- Locks    none
-- Index    holds_active, holds_pkey
-- Caller   list_holds (hold_rows.cpp)
SELECT h.id,
       coalesce(quote_ident(n.nspname) || '.' || quote_ident(c.relname), s.written) AS relation,
       h.table_name IS NOT NULL AND c.oid IS NULL AND to_regclass(s.written) IS NULL AS is_missing,
       h.table_name IS NULL AS of_everything,
       h.tenant, to_json(h.tenant_columns)::text AS tenant_columns, h.match::text AS match, h.reason,
       h.placed_by, to_char(h.placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS placed_at,
       to_char(h.released_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS released_at,
       h.released_by, h.release_reason
  FROM lethe.holds h
 CROSS JOIN LATERAL (
        SELECT quote_ident(h.table_schema) || '.' || quote_ident(h.table_name) AS written) s
  LEFT JOIN pg_class c ON c.oid = h.relation_oid
   AND h.database_oid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE CASE WHEN $2::bigint IS NULL THEN $1::boolean OR h.released_at IS NULL ELSE h.id = $2::bigint END
 ORDER BY h.id DESC
 LIMIT $3::integer
