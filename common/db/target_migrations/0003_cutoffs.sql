-- The tenants' own cutoffs of a run in one row, so that a batch looks a tenant up in memory: an index
-- lookup for each row, or a hash table for each batch, cost more than the deleting. Tenants of a type
-- of fixed length stand in a sorted array, where one is found in half the time it takes in a jsonb. A
-- run that is under way meanwhile stops and says why.
-- transactional: yes
-- breaking: no

DELETE FROM lethe.cutoffs;
ALTER TABLE lethe.cutoffs
  DROP CONSTRAINT cutoffs_pkey,
  DROP COLUMN tenant, DROP COLUMN retain, DROP COLUMN not_after,
  ADD COLUMN as_of timestamptz NOT NULL,  -- "now" of the plan that made them
  ADD COLUMN floor timestamptz NOT NULL,  -- the oldest and the newest of them
  ADD COLUMN reach timestamptz NOT NULL,
  ADD COLUMN own jsonb,  -- by tenant: seconds since 1970 as text; '-Infinity': all its rows stay
  ADD COLUMN numbers bigint[],  -- instead of own: the tenants, sorted,
  ADD COLUMN uuids uuid[],      -- or these,
  ADD COLUMN cutoffs timestamptz[],  -- and the cutoff of each
  ADD PRIMARY KEY (run),
  ADD CHECK (num_nonnulls(own, numbers, uuids) = 1),
  ADD CHECK (cardinality(cutoffs) IS NOT DISTINCT FROM coalesce(cardinality(numbers), cardinality(uuids)));
ALTER TABLE lethe.cutoffs  -- read by every batch, kept for 30 days
  ALTER own SET STORAGE EXTERNAL, ALTER numbers SET STORAGE EXTERNAL, ALTER uuids SET STORAGE EXTERNAL,
  ALTER cutoffs SET STORAGE EXTERNAL;
