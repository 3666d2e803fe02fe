-- Lets one batch of a run after the other come to its end, where the run may take only so many rows.
--
--   $1 text     run
-- Returns  one row
-- Locks    an advisory lock of the transaction, for this run
-- Index    none
-- Caller   keep_limit (batch_transaction.cpp)
SELECT pg_advisory_xact_lock(1279607922, hashtext($1::text))  -- 1279607922 is "LETr" in ASCII
