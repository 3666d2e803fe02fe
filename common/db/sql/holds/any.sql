-- Whether any hold is in force. A batch is told so by gate/read.sql.
--
-- Returns  is_any
-- Locks    none
-- Index    holds_active
-- Caller   has_holds (holds.cpp)
SELECT EXISTS (SELECT 1 FROM lethe.holds h WHERE h.released_at IS NULL) AS is_any
