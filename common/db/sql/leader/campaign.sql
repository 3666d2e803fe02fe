-- Takes the leadership when nobody holds it, or renews it for its holder. A new holder gets a new
-- term; a renewal keeps it.
--
--   $1 text     holder
--   $2 bigint   milliseconds that the term lasts from now
-- Returns  term when $1 leads; no row when somebody else does
-- Locks    the leader's row
-- Index    leader_pkey
-- Caller   PgLeadership::campaign
INSERT INTO lethe.leader AS l (name, holder, term, expires_at)
VALUES ('scheduler', $1::text, 1, clock_timestamp() + $2::bigint * interval '1 millisecond')
    ON CONFLICT (name) DO UPDATE
   SET term = CASE WHEN l.holder = excluded.holder AND l.expires_at > clock_timestamp()
                   THEN l.term ELSE l.term + 1 END,
       holder = excluded.holder, expires_at = excluded.expires_at
 WHERE l.holder = excluded.holder OR l.expires_at <= clock_timestamp()
RETURNING term
