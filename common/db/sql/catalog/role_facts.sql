-- What is known of a role.
--
--   $1 text     role, exact; NULL: ours
-- Returns  name (quoted), is_superuser (it, or a superuser that it may become, would run triggers'
--          code with all rights); or no row
-- Locks    none
-- Index    pg_authid_rolname_index
-- Caller   look_up_rights (rights.cpp)
SELECT quote_ident(r.rolname) AS name,
       r.rolsuper OR EXISTS (SELECT 1 FROM pg_roles s
                              WHERE s.rolsuper AND pg_has_role(r.oid, s.oid, 'MEMBER')) AS is_superuser
  FROM pg_roles r
 WHERE r.rolname = coalesce($1::text, current_user)
