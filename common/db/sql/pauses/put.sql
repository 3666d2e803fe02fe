-- Records a pause, or replaces its reason.
--
--   $1 text     scope: all, target, policy, tenant
--   $2 text     name, '' for all
--   $3 text     paused by
--   $4 text     reason
-- Affects  one row
-- Locks    the pause's row
-- Index    pauses_pkey
-- Caller   PgFleetStore::pause
INSERT INTO lethe.pauses (scope, name, paused_by, reason)
VALUES ($1::text, $2::text, $3::text, $4::text)
    ON CONFLICT (scope, name, frozen) DO UPDATE
   SET paused_by = excluded.paused_by, reason = excluded.reason
