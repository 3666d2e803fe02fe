-- Sets where names are looked for, to the end of the transaction.
--
--   $1 text     search_path, names quoted
-- Affects  the transaction's setting
-- Locks    none
-- Index    none
-- Caller   call_function (call_step.cpp)
SELECT pg_catalog.set_config('search_path', $1::text, true)
