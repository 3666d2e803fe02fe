-- Whether somebody else holds the advisory lock by which hand-written jobs usually keep out of each
-- other's way: hashtext() of the function's name, with or without its schema.
--
--   $1 text     schema
--   $2 text     function
-- Returns  locked_out boolean
-- Locks    none
-- Index    none
-- Caller   call_function (call_step.cpp)
SELECT EXISTS (
         SELECT 1
           FROM pg_catalog.pg_locks l
          WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
            AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                               WHERE d.datname = pg_catalog.current_database())
            AND l.pid <> pg_catalog.pg_backend_pid()
            AND ((l.classid::bigint << 32) | l.objid::bigint)
                IN (hashtext($1::text || '.' || $2::text)::bigint, hashtext($2::text)::bigint)
       ) AS locked_out
