-- Whether Lethe can work in this database at all.
--
-- Returns  server_version, server_version_text, in_recovery, role, installed, may_create
-- Locks    none
-- Index    none
-- Caller   PgTargetDatabase::check
SELECT current_setting('server_version_num')::integer AS server_version,
       current_setting('server_version') AS server_version_text,
       pg_is_in_recovery() AS in_recovery, current_user::text AS role,
       to_regclass('lethe.target_migrations') IS NOT NULL AS installed,
       has_database_privilege(current_database(), 'CREATE') AS may_create
