-- The control database: what to keep, what runs, who works. docs/ARCHITECTURE.md explains the words.
-- transactional: yes
-- breaking: no

-- An instant for people and JSON: ISO 8601, UTC, microseconds.
CREATE FUNCTION lethe.iso(instant timestamptz) RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT pg_catalog.to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

CREATE TABLE lethe.targets (
  name         text COLLATE "C" PRIMARY KEY,
  url          text NOT NULL,                  -- libpq connection string, never with a password
  max_running  integer NOT NULL DEFAULT 4 CHECK (max_running BETWEEN 1 AND 1000),
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One narrow row per target, locked by whoever changes which tasks are admitted (see admit.sql).
CREATE TABLE lethe.target_slots (
  target       text COLLATE "C" PRIMARY KEY REFERENCES lethe.targets ON DELETE CASCADE
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

CREATE TABLE lethe.policies (
  name         text COLLATE "C" PRIMARY KEY,
  target       text COLLATE "C" NOT NULL REFERENCES lethe.targets,
  spec         jsonb NOT NULL,
  spec_text    text NOT NULL,                  -- canonical JSON: what spec_sha256 was taken of
  spec_sha256  text NOT NULL,
  epoch        bigint NOT NULL DEFAULT 1,      -- grows with every change; the target's gate knows it
  enabled      boolean NOT NULL DEFAULT true,
  fire_cursor  timestamptz NOT NULL DEFAULT clock_timestamp(),  -- instants up to here are accounted for
  next_fire_at timestamptz,                    -- NULL: only by hand
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX policies_due ON lethe.policies (next_fire_at)
  WHERE enabled AND next_fire_at IS NOT NULL;

CREATE TABLE lethe.pauses (
  scope        text NOT NULL CHECK (scope IN ('all', 'target', 'policy')),
  name         text COLLATE "C" NOT NULL,      -- '' for scope 'all'
  paused_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  paused_by    text NOT NULL,
  reason       text NOT NULL,
  PRIMARY KEY (scope, name)
);

CREATE TABLE lethe.runs (
  id            text COLLATE "C" PRIMARY KEY,  -- ULID
  policy        text COLLATE "C",              -- NULL: ad hoc
  policy_epoch  bigint NOT NULL DEFAULT 0,     -- 0: ad hoc, no gate row of its own
  target        text COLLATE "C" NOT NULL,
  spec          jsonb NOT NULL,                -- the policy as it was at firing
  spec_sha256   text NOT NULL,
  state         text NOT NULL CHECK (state IN ('planned', 'cleaning', 'verifying', 'satisfied',
                                               'failed', 'cancelled', 'expired', 'refused', 'skipped')),
  scheduled_for timestamptz,                   -- NULL: by hand
  as_of         timestamptz NOT NULL,          -- the frozen "now": every cutoff is as_of - retain
  cutoff        timestamptz NOT NULL,          -- as_of - the policy's own retain
  expire_at     timestamptz NOT NULL,          -- no batch starts after this
  strategy      text,                          -- sweep, index, mixed, none; NULL until planned
  verify_payload bytea,                        -- of the verify task that follows the clean tasks
  passes        integer NOT NULL DEFAULT 0,    -- finished rounds of clean + verify
  pass_rows     bigint NOT NULL DEFAULT 0,     -- rows at the start of this pass
  rows          bigint NOT NULL DEFAULT 0,     -- deleted so far, from the fences
  batches       bigint NOT NULL DEFAULT 0,
  estimated_rows bigint,                       -- by the planner, first pass
  cancel_requested boolean NOT NULL DEFAULT false,
  requested_by  text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at    timestamptz,                   -- first lease of any of its tasks
  finished_at   timestamptz,
  error         text,
  UNIQUE (policy, scheduled_for)
);
CREATE INDEX runs_live ON lethe.runs (id) WHERE finished_at IS NULL;
CREATE INDEX runs_of_policy ON lethe.runs (policy, id);

CREATE SEQUENCE lethe.worker_ids;              -- never reused, unlike host names

CREATE TABLE lethe.workers (
  id           bigint PRIMARY KEY DEFAULT nextval('lethe.worker_ids'),
  instance     text NOT NULL,                  -- host:pid, for people
  version      text NOT NULL,
  slots        integer NOT NULL,
  targets      text[] NOT NULL DEFAULT '{}',   -- empty: all
  phase        text NOT NULL DEFAULT 'running' CHECK (phase IN ('running', 'draining', 'gone', 'lost')),
  busy         integer NOT NULL DEFAULT 0,
  started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_seen    timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50);

CREATE TABLE lethe.items (
  -- the thirteen columns of a Querator partition
  id              text COLLATE "C" PRIMARY KEY,
  source_id       text COLLATE "C",            -- dedup key
  is_leased       boolean NOT NULL DEFAULT false,
  lease_deadline  timestamptz,
  expire_deadline timestamptz NOT NULL,
  enqueue_at      timestamptz,                 -- not null: scheduled for later
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  attempts        integer NOT NULL DEFAULT 0,  -- consecutive failures without progress
  max_attempts    integer NOT NULL DEFAULT 8,
  reference       text NOT NULL DEFAULT '',
  encoding        text NOT NULL DEFAULT 'msgpack',
  kind            text NOT NULL,
  payload         bytea NOT NULL,
  -- what fairness, fencing and inspection need
  run_id          text COLLATE "C" NOT NULL,
  policy          text COLLATE "C",
  target          text COLLATE "C" NOT NULL,
  tenant          text COLLATE "C",
  lane            text NOT NULL DEFAULT 'normal',
  priority        smallint NOT NULL DEFAULT 2 CHECK (priority BETWEEN 0 AND 4),
  lease_epoch     bigint NOT NULL DEFAULT 0,
  leased_by       bigint,
  leased_at       timestamptz,
  admission       smallint NOT NULL DEFAULT 1 CHECK (admission BETWEEN 0 AND 2),
  ready_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  vft             bigint NOT NULL DEFAULT 0,
  est_cost        bigint NOT NULL DEFAULT 1000,
  batch_size      bigint NOT NULL DEFAULT 0,   -- of the next batch; 0: the strategy's default
  rescues         smallint NOT NULL DEFAULT 0, -- without progress in between
  batches         bigint NOT NULL DEFAULT 0,
  rows_done       bigint NOT NULL DEFAULT 0,
  cancel_requested boolean NOT NULL DEFAULT false,
  last_error      text,
  CHECK (NOT is_leased OR admission = 0),
  CHECK (is_leased = (leased_by IS NOT NULL) AND is_leased = (lease_deadline IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);
CREATE UNIQUE INDEX items_src ON lethe.items (source_id) WHERE source_id IS NOT NULL;
CREATE INDEX items_lse ON lethe.items (lane, vft, id)
  WHERE NOT is_leased AND enqueue_at IS NULL AND admission = 0;
CREATE INDEX items_wai ON lethe.items (target, priority, ready_at, id)
  WHERE NOT is_leased AND enqueue_at IS NULL AND admission = 1;
CREATE INDEX items_adm ON lethe.items (target) WHERE admission = 0;
CREATE INDEX items_sch ON lethe.items (enqueue_at) WHERE enqueue_at IS NOT NULL;
CREATE INDEX items_dln ON lethe.items (lease_deadline) WHERE is_leased;
CREATE INDEX items_own ON lethe.items (leased_by) WHERE is_leased;
CREATE INDEX items_exp ON lethe.items (expire_deadline);
CREATE INDEX items_run ON lethe.items (run_id);

-- Dead letters: the whole row, why it died, and the SQLSTATE when there is one.
CREATE TABLE lethe.dead (
  LIKE lethe.items,
  died_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  reason       text NOT NULL,
  sqlstate     text NOT NULL DEFAULT '',
  PRIMARY KEY (id)
);
CREATE INDEX dead_run ON lethe.dead (run_id);

-- Settled tasks, one partition a day so that old ones are dropped and never deleted from.
CREATE TABLE lethe.history (
  LIKE lethe.items,
  finished_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  outcome      text NOT NULL CHECK (outcome IN ('done', 'cancelled'))
) PARTITION BY RANGE (finished_at);
CREATE INDEX history_run ON lethe.history (run_id);
CREATE INDEX history_id ON lethe.history (id);
CREATE TABLE lethe.history_default PARTITION OF lethe.history DEFAULT;

CREATE TABLE lethe.leader (
  name         text PRIMARY KEY,
  holder       text NOT NULL,
  term         bigint NOT NULL,
  expires_at   timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Every operator action. Each row's hash covers the row before it, so an edited, missing or
-- reordered row shows.
CREATE TABLE lethe.audit (
  id           bigint PRIMARY KEY,             -- gapless: taken under the chain's lock
  at           timestamptz NOT NULL,
  actor        text NOT NULL,
  action       text NOT NULL,
  object       text NOT NULL,
  detail       text NOT NULL,
  prev_hash    text NOT NULL,
  hash         text NOT NULL
);

-- For people who come from hand-written pg_cron jobs.
CREATE VIEW lethe.job_runs AS
SELECT coalesce(policy, 'ad-hoc ' || id) AS job_name, started_at, finished_at,
       rows AS affected_rows, error
  FROM lethe.runs
 WHERE state <> 'skipped';
