-- What Lethe keeps in a database that it cleans: the proof of what was deleted, committed together
-- with the deletes. docs/ARCHITECTURE.md explains the words.
-- transactional: yes
-- breaking: no

-- One row per task. Admits a batch only if its epoch is not lower than the stored one, and holds
-- the task's totals and cursor.
CREATE TABLE lethe.fence (
  task         text COLLATE "C" PRIMARY KEY,
  run          text COLLATE "C" NOT NULL,
  epoch        bigint NOT NULL,
  batches      bigint NOT NULL DEFAULT 0,
  rows         bigint NOT NULL DEFAULT 0,
  cursor       text NOT NULL DEFAULT '',      -- where the next batch starts; '' is the beginning
  finished     boolean NOT NULL DEFAULT false,
  ledger_hash  text NOT NULL DEFAULT '',      -- head of this task's chain in the ledger
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
CREATE INDEX fence_run ON lethe.fence (run);

-- One row per batch, append-only, committed with the deletes that it counts.
CREATE TABLE lethe.ledger (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  task         text COLLATE "C" NOT NULL,
  epoch        bigint NOT NULL,
  batch        bigint NOT NULL,               -- 1, 2, 3 … within the task
  run          text COLLATE "C" NOT NULL,
  policy       text COLLATE "C" NOT NULL,     -- '' for an ad-hoc run
  policy_hash  text NOT NULL,
  relation     text NOT NULL,                 -- the table or leaf partition, as named at that moment
  cutoff       timestamptz NOT NULL,          -- the one in force: older of the run's and our clock's
  rows         bigint NOT NULL,
  oldest       text,                          -- timestamp of the oldest and newest row deleted,
  newest       text,                          -- NULL when the batch deleted nothing
  xid          text NOT NULL,
  system_identifier text NOT NULL,
  timeline     bigint NOT NULL,
  at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  prev_hash    text NOT NULL,                 -- of the task's batch before, '' for the first
  hash         text NOT NULL,
  UNIQUE (task, batch)
);
CREATE INDEX ledger_run ON lethe.ledger (run);

-- What every delete transaction re-reads, under shared advisory locks on `key`. Whoever changes a
-- row takes the lock exclusively first. '*' stands for the whole database.
CREATE TABLE lethe.gate (
  policy       text COLLATE "C" PRIMARY KEY,
  key          integer GENERATED ALWAYS AS IDENTITY UNIQUE,
  policy_epoch bigint NOT NULL DEFAULT 0,
  halted       boolean NOT NULL DEFAULT false,
  reason       text NOT NULL DEFAULT '',
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO lethe.gate (policy) VALUES ('*');

-- Tenants of a run whose cutoff is not the run's own: overrides, disabled tenants, and those whose
-- newest rows keep_min protects.
CREATE TABLE lethe.cutoffs (
  run          text COLLATE "C" NOT NULL,
  tenant       text COLLATE "C" NOT NULL,
  retain       interval NOT NULL,             -- age part: cutoff = as_of - retain
  not_after    timestamptz NOT NULL,          -- keep_min's boundary; 'infinity': none; '-infinity': keep all
  PRIMARY KEY (run, tenant)
);
