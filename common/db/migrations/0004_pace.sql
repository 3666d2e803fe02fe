-- Limits of rows per second that hold for the whole fleet: batches are charged when they have ended,
-- and admission waits until what was charged is paid off. So the average keeps to the limit however
-- many workers there are; a burst is at most the batches that were in flight.
-- transactional: yes
-- breaking: yes

ALTER TABLE lethe.targets  ADD COLUMN rows_per_second bigint CHECK (rows_per_second > 0);
ALTER TABLE lethe.policies ADD COLUMN rows_per_second bigint CHECK (rows_per_second > 0);

-- One row per limit that was ever charged, changed only by who holds its target's slots; looked up
-- from the newest version down, as lethe.shares.
CREATE TABLE lethe.paces (
  scope        text NOT NULL CHECK (scope IN ('target', 'policy')),
  name         text COLLATE "C" NOT NULL,
  version      bigint NOT NULL DEFAULT 0,
  paid_until   timestamptz NOT NULL,           -- no admission before
  PRIMARY KEY (scope, name, version)
) WITH (fillfactor = 50);

CREATE FUNCTION lethe.paid_until(scope text, name text) RETURNS timestamptz
  LANGUAGE sql STABLE AS $$
  SELECT p.paid_until FROM lethe.paces p
   WHERE p.scope = $1 AND p.name = $2
   ORDER BY p.version DESC LIMIT 1
$$;
