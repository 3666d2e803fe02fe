-- What does not go on until a person has looked: everything after a jump of the clock, a target whose
-- database is not the one that it was. docs/freezes.md.
-- transactional: yes
-- breaking: yes

-- A freeze is a pause that the fleet places itself, of everything or of one target, and that only an
-- acknowledgement ends. It stands beside an operator's pause of the same thing.
ALTER TABLE lethe.pauses
  ADD COLUMN frozen boolean NOT NULL DEFAULT false,
  DROP CONSTRAINT pauses_pkey,
  ADD PRIMARY KEY (scope, name, frozen),
  ADD CHECK (NOT frozen OR scope IN ('all', 'target'));

ALTER TABLE lethe.targets
  ADD COLUMN clock_skew_seconds integer NOT NULL DEFAULT 60
             CHECK (clock_skew_seconds BETWEEN 1 AND 3600),
  ADD COLUMN survives_failover  boolean NOT NULL DEFAULT false;  -- a standby that has everything goes on

-- What is known of each target's database, and what it must therefore still have. No row: nothing is
-- known, and the next plan learns it.
CREATE TABLE lethe.target_databases (
  target            text COLLATE "C" PRIMARY KEY REFERENCES lethe.targets ON DELETE CASCADE,
  system_identifier text NOT NULL,
  timeline          bigint NOT NULL,
  database_oid      bigint NOT NULL,
  task              text COLLATE "C" NOT NULL,      -- the newest plan or verification there that is
  task_at           timestamptz NOT NULL,           -- known: its row in lethe.fence is there
  ledger_id         bigint NOT NULL DEFAULT 0,      -- the newest row of lethe.ledger that is known to
  ledger_hash       text NOT NULL DEFAULT ''        -- be committed there; 0: none
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- What this database's clock showed when somebody looked last. One row, none before the first look.
CREATE TABLE lethe.clock (
  one          boolean PRIMARY KEY DEFAULT true CHECK (one),
  seen_at      timestamptz NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Whether somebody has looked at the clock lately. Before the first look nobody can tell.
CREATE FUNCTION lethe.clock_is_watched() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT NOT EXISTS (SELECT 1 FROM lethe.clock c
                      WHERE c.seen_at < pg_catalog.clock_timestamp() - interval '5 minutes') $$;
