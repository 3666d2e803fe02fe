-- Keeps what a person was shown that a run would do.
--
--   $1 text     policy, '' ad hoc
--   $2 text     target
--   $3 text     spec, canonical JSON
--   $4 text     cutoff (timestamptz)
--   $5 bigint   eligible rows
--   $6 bigint   rows in the table
--   $7 text     the census, a JSON array of one object
--   $8 text     who
-- Affects  one row
-- Locks    the new row
-- Index    previews_pkey
-- Caller   PgRunStore::keep_preview
INSERT INTO lethe.previews (policy, target, spec_sha256, cutoff, eligible, total, census, made_by)
VALUES (nullif($1::text, ''), $2::text, encode(sha256(convert_to($3::text, 'UTF8')), 'hex'),
        $4::timestamptz, $5::bigint, $6::bigint, $7::jsonb -> 0, $8::text)
