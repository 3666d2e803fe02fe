-- Serialises writers of the audit chain until the end of the transaction.
--
-- Returns  one row
-- Locks    an advisory lock of the transaction
-- Index    none
-- Caller   audit (queue_steps.cpp)
SELECT pg_advisory_xact_lock(hashtext('lethe.audit'))
