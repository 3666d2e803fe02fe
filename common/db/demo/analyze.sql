-- Brings the statistics of the demonstration's tables up to date.
--
-- Affects  the statistics only
-- Locks    SHARE UPDATE EXCLUSIVE on each table
-- Index    none
-- Caller   PgDemoData::analyze
ANALYZE public.executions, public.events, public.idempotency_keys
