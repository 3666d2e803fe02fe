-- The tenants' own cutoffs of a run in one value, so that a batch looks a tenant up in memory: an
-- index lookup for each row, or a hash table for each batch, cost more than the deleting. A run that
-- is under way meanwhile stops and says why.
-- transactional: yes
-- breaking: no

DELETE FROM lethe.cutoffs;
ALTER TABLE lethe.cutoffs
  DROP CONSTRAINT cutoffs_pkey,
  DROP COLUMN tenant, DROP COLUMN retain, DROP COLUMN not_after,
  ADD COLUMN as_of timestamptz NOT NULL,  -- "now" of the plan that made them
  ADD COLUMN floor timestamptz NOT NULL,  -- the oldest and the newest of them
  ADD COLUMN reach timestamptz NOT NULL,
  ADD COLUMN own jsonb NOT NULL,  -- by tenant: seconds since 1970 as text; '-Infinity': all its rows stay
  ADD PRIMARY KEY (run);
ALTER TABLE lethe.cutoffs ALTER own SET STORAGE EXTERNAL;  -- read by every batch, kept for 30 days
