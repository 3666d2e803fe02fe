-- Gives back the session-level advisory locks that a function has left behind. We never hold any of our
-- own; those of the gate belong to the transaction and stay.
--
-- Affects  every session-level advisory lock of this session
-- Locks    none
-- Index    none
-- Caller   call_function (call_step.cpp)
SELECT pg_catalog.pg_advisory_unlock_all()
