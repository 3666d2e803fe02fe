-- The functions and procedures of a name, and whether calling one of them is safe.
--
--   $1 text     schema, exact
--   $2 text     name, exact
--   $3 text[]   roles whose code may run with our rights, exact
-- Returns  oid, name (quoted), signature, kind (f function, p procedure, else prokind), owner and role
--          (ours) and schema, all quoted, trusted (we, a superuser or one of $3 own it), may_call, may_use (its schema),
--          open_schema (quoted: everybody may put objects there that its names would find; or NULL),
--          many (returns rows), result (type), parameters (JSON: mode, name, type, in their order),
--          search_path (for the call), fingerprint; no row when there is none
-- Locks    none
-- Index    pg_proc_proname_args_nsp_index
-- Caller   look_up_function (functions.cpp)
SELECT p.oid::bigint AS oid, format('%I.%I', n.nspname, p.proname) AS name,
       p.oid::regprocedure::text AS signature, p.prokind::text AS kind, quote_ident(o.rolname) AS owner,
       quote_ident(current_user) AS role, quote_ident(n.nspname) AS schema,
       o.rolsuper OR o.rolname = current_user OR o.rolname = ANY ($3::text[]) AS trusted,
       has_function_privilege(p.oid, 'EXECUTE') AS may_call,
       has_schema_privilege(n.oid, 'USAGE') AS may_use,
       CASE WHEN NOT EXISTS (SELECT 1 FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%')
             AND EXISTS (SELECT 1 FROM aclexplode(n.nspacl) a
                          WHERE a.grantee = 0 AND a.privilege_type = 'CREATE')
            THEN quote_ident(n.nspname) END AS open_schema,
       p.proretset AS many, format_type(p.prorettype, -1) AS result,
       (SELECT coalesce(json_agg(json_build_object(
                 'mode', coalesce(p.proargmodes[a.place]::text, 'i'),
                 'name', coalesce(p.proargnames[a.place], ''),
                 'type', format_type(a.type, -1)) ORDER BY a.place), '[]'::json)
          FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]))
               WITH ORDINALITY AS a (type, place))::text AS parameters,
       format('pg_catalog, %I, pg_temp', n.nspname) AS search_path,
       CASE WHEN p.prokind IN ('f', 'p')
            THEN encode(sha256(convert_to(concat_ws('|', p.oid, o.oid, p.prosrc, p.probin, p.proconfig,
                   pg_get_functiondef(p.oid)), 'UTF8')), 'hex') END AS fingerprint
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_roles o ON o.oid = p.proowner
 WHERE n.nspname = $1::text AND p.proname = $2::text
