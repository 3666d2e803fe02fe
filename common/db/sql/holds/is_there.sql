-- Whether this database can have holds. Where it cannot, there is nothing to install it for yet.
--
-- Returns  is_there
-- Locks    none
-- Index    none
-- Caller   has_holds (holds.cpp)
SELECT to_regclass('lethe.holds') IS NOT NULL AS is_there
