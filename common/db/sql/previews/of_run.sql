-- What was last shown to a person of what a run was made of, before it was.
--
--   $1 text     run
-- Returns  id, made_by, at, cutoff, eligible, total; or no row. Instants ISO 8601
-- Locks    none
-- Index    runs_pkey, previews_of
-- Caller   PgRunStore::preview_of
SELECT p.id, p.made_by, lethe.iso(p.at) AS at, lethe.iso(p.cutoff) AS cutoff, p.eligible, p.total
  FROM lethe.runs r
  JOIN lethe.previews p ON p.target = r.target AND p.spec_sha256 = r.spec_sha256
                       AND p.policy IS NOT DISTINCT FROM r.policy AND p.at <= r.created_at
 WHERE r.id = $1::text
 ORDER BY p.id DESC
 LIMIT 1
