-- Entries of the audit, the newest first.
--
--   $1 text     action, or what it begins with when it ends in a full stop ("hold."); '' is any
--   $2 text     object; '' is any
--   $3 integer  most rows, 1..10000
-- Returns  id, at (ISO 8601), actor, action, object, detail, hash
-- Locks    none
-- Index    audit_pkey backwards, audit_object
-- Caller   PgProofStore::audit_entries
SELECT a.id, lethe.iso(a.at) AS at, a.actor, a.action, a.object, a.detail, a.hash
  FROM lethe.audit a
 WHERE ($1::text = '' OR a.action = $1::text
        OR ($1::text LIKE '%.' AND starts_with(a.action, $1::text)))
   AND ($2::text = '' OR a.object = $2::text)
 ORDER BY a.id DESC
 LIMIT $3::integer
