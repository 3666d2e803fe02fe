-- Forgets tenants that have nothing in the queue; one that comes back begins anew, as it would.
--
--   $1 text[]   targets
-- Affects  the forgotten shares
-- Locks    them; the caller has locked the targets' slots
-- Index    shares_pkey, items_wai
-- Caller   PgSchedulerStore::keep_house
DELETE FROM lethe.shares h
 WHERE h.target = ANY ($1::text[]) AND NOT h.eligible AND h.admitted = 0
   AND h.vtime <= (SELECT s.vtime FROM lethe.target_slots s
                    WHERE s.target = h.target ORDER BY s.version DESC LIMIT 1)
   AND NOT EXISTS (SELECT 1 FROM lethe.items i
                    WHERE i.target = h.target AND i.tenant = h.tenant AND NOT i.is_leased
                      AND i.enqueue_at IS NULL AND i.admission = 1)
