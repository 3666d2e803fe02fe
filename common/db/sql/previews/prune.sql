-- Forgets previews of long ago.
--
-- Affects  at most 100 rows
-- Locks    those rows
-- Index    previews_at
-- Caller   PgRunStore::keep_preview
DELETE FROM lethe.previews
 WHERE id = ANY (ARRAY (SELECT p.id FROM lethe.previews p
                         WHERE p.at < clock_timestamp() - interval '90 days'
                         ORDER BY p.at LIMIT 100))
