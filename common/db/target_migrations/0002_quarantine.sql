-- Partitions that are taken away as a whole: the ledger tells how rows went, and detached partitions
-- are kept aside until they are purged or restored. docs/adr/0014-partitions.md.
-- transactional: yes
-- breaking: no

-- delete: row by row, counted. drop, quarantine: a whole partition; then bounds are those of the
-- partition, and rows is an estimate when it was too large to be counted under its lock. `hash`
-- covers the three where method is not delete.
ALTER TABLE lethe.ledger
  ADD COLUMN method    text NOT NULL DEFAULT 'delete' CHECK (method IN ('delete', 'drop', 'quarantine')),
  ADD COLUMN estimated boolean NOT NULL DEFAULT false,
  ADD COLUMN bounds    text NOT NULL DEFAULT '';

-- Where quarantined partitions stand. Nobody but the workers' role needs to look into it.
CREATE SCHEMA IF NOT EXISTS lethe_quarantine;

-- One row per quarantined partition, kept after it was purged or restored. The table itself is
-- lethe_quarantine."quarantined_ID", its indexes and sequences quarantined_ID_1, _2 … in the order of
-- `members`. No oids: they do not outlive a dump.
CREATE TABLE lethe.quarantine (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name           text NOT NULL GENERATED ALWAYS AS ('quarantined_' || id::text) STORED,
  table_schema   text NOT NULL,               -- where it was before, exact names
  table_name     text NOT NULL,
  parent_schema  text NOT NULL,
  parent_name    text NOT NULL,
  bounds         text NOT NULL,               -- FOR VALUES …, as the server prints it
  members        text[] NOT NULL,             -- names of its indexes and sequences before
  policy         text COLLATE "C" NOT NULL,
  run            text COLLATE "C" NOT NULL,
  task           text COLLATE "C" NOT NULL,
  rows           bigint NOT NULL,
  estimated      boolean NOT NULL,
  bytes          bigint NOT NULL,             -- with indexes and TOAST
  quarantined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  purge_after    timestamptz NOT NULL,
  dropped_at     timestamptz,
  restored_at    timestamptz,
  ended_by       text NOT NULL DEFAULT '',    -- who dropped or restored it; a run or an operator
  CHECK (dropped_at IS NULL OR restored_at IS NULL)
);
CREATE INDEX quarantine_due ON lethe.quarantine (purge_after)
  WHERE dropped_at IS NULL AND restored_at IS NULL;
