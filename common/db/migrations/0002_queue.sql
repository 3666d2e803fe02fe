-- The queue at full strength: tenants with weights and caps, lanes, windows, circuits.
-- docs/task_life_cycle.md explains the words, docs/adr/0012 the order of tasks.
-- transactional: yes
-- breaking: yes

-- A place in a line of waiting tasks: microseconds, later for a lower priority (0 is the first), so
-- that ten minutes of waiting outweigh one step of priority and nothing starves.
CREATE FUNCTION lethe.place(instant timestamptz, priority integer) RETURNS bigint LANGUAGE sql STABLE
  AS $$ SELECT (pg_catalog.date_part('epoch', $1) * 1000000)::bigint + $2 * 600000000::bigint $$;

-- NULL, an instant, or an interval from `now` on.
CREATE FUNCTION lethe.instant(instant text, now timestamptz) RETURNS timestamptz LANGUAGE sql STABLE
  AS $$ SELECT CASE WHEN $1 ~ '^[0-9]{4}-[0-9]{2}-' THEN $1::timestamptz
                    ELSE $2 + $1::interval END $$;

-- The end of the daily window [from, to) that `at` is in, NULL when it is outside. Minutes since
-- midnight of the zone's wall clock; to before from wraps around midnight.
CREATE FUNCTION lethe.window_closes(from_minutes integer, to_minutes integer, zone text,
                                    at timestamptz)
  RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN $1 < $2 AND l.minute >= $1 AND l.minute < $2
              THEN (l.day + pg_catalog.make_interval(mins => $2)) AT TIME ZONE $3
              WHEN $1 > $2 AND l.minute >= $1
              THEN (l.day + pg_catalog.make_interval(days => 1, mins => $2)) AT TIME ZONE $3
              WHEN $1 > $2 AND l.minute < $2
              THEN (l.day + pg_catalog.make_interval(mins => $2)) AT TIME ZONE $3 END
    FROM (SELECT pg_catalog.date_trunc('day', n.now) AS day,
                 (pg_catalog.date_part('hour', n.now) * 60
                  + pg_catalog.date_part('minute', n.now))::integer AS minute
            FROM (SELECT $4 AT TIME ZONE $3 AS now) n) l $$;

-- The next opening of such a window strictly after `at`.
CREATE FUNCTION lethe.window_opens(from_minutes integer, to_minutes integer, zone text,
                                   at timestamptz)
  RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT pg_catalog.min(o.opening)
    FROM pg_catalog.generate_series(0, 2) AS d (days)
   CROSS JOIN LATERAL (
          SELECT (pg_catalog.date_trunc('day', $4 AT TIME ZONE $3)
                  + pg_catalog.make_interval(days => d.days, mins => $1)) AT TIME ZONE $3) AS o (opening)
   WHERE o.opening > $4 $$;

-- What a tenant of a target may take of the fleet; tenants without a row have the defaults.
CREATE TABLE lethe.tenants (
  target       text COLLATE "C" NOT NULL REFERENCES lethe.targets ON DELETE CASCADE,
  name         text COLLATE "C" NOT NULL CHECK (name <> ''),
  weight       integer NOT NULL DEFAULT 100 CHECK (weight BETWEEN 1 AND 10000),
  max_running  integer NOT NULL DEFAULT 4 CHECK (max_running BETWEEN 0 AND 1000),
  lane         text NOT NULL DEFAULT '',       -- '': the policy's
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (target, name)
);

-- Fair queuing of a target's tenants ('' are the tasks of no single tenant). Only changed by who
-- holds the target's row of target_slots. Hot and narrow. `version` grows with each change and is in
-- the key, so that looking from the newest version down finds the row at once, however many versions
-- an old snapshot keeps; target_slots does the same.
CREATE TABLE lethe.shares (
  target       text COLLATE "C" NOT NULL,       -- no foreign key: its check would cost each change
  tenant       text COLLATE "C" NOT NULL,
  vtime        bigint NOT NULL DEFAULT 0,      -- virtual time: cost admitted so far / weight
  head         bigint NOT NULL DEFAULT 0,      -- no waiting task that it heard of is before it
  admitted     integer NOT NULL DEFAULT 0,     -- never less than the tasks that are admitted
  eligible     boolean NOT NULL DEFAULT true,  -- may have a waiting task and room for it
  version      bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (target, tenant, version)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
CREATE INDEX shares_next ON lethe.shares (target, vtime, tenant) WHERE eligible;

-- The lines of admitted tasks, one per lane. A lane's head is looked for from the largest down, for
-- the same reason as the newest version of a share. Names have the collation of items.lane, or its
-- index could not be used.
CREATE TABLE lethe.lanes (
  name         text PRIMARY KEY
);
INSERT INTO lethe.lanes (name) VALUES ('urgent'), ('normal'), ('bulk');
CREATE TABLE lethe.lane_heads (
  lane         text NOT NULL,
  head         bigint NOT NULL,                -- no ready task has a place before it
  PRIMARY KEY (lane, head)
);

ALTER TABLE lethe.target_slots
  DROP CONSTRAINT target_slots_target_fkey, DROP CONSTRAINT target_slots_pkey,
  ADD COLUMN version      bigint NOT NULL DEFAULT 0,
  ADD PRIMARY KEY (target, version),
  ADD COLUMN admitted     integer NOT NULL DEFAULT 0,  -- never less than the tasks that are admitted
  ADD COLUMN vtime        bigint NOT NULL DEFAULT 0,   -- virtual time of the tenant admitted last
  ADD COLUMN failures     integer NOT NULL DEFAULT 0,  -- in a row; from 3 on the circuit is open
  ADD COLUMN open_until   timestamptz,                 -- no admission before; then one task to probe
  ADD COLUMN last_failure text;
CREATE INDEX target_slots_failing ON lethe.target_slots (target) WHERE failures > 0;

ALTER TABLE lethe.policies
  ADD COLUMN window_from  integer CHECK (window_from BETWEEN 0 AND 1439),  -- minutes since midnight
  ADD COLUMN window_to    integer CHECK (window_to BETWEEN 0 AND 1439),
  ADD COLUMN window_zone  text NOT NULL DEFAULT 'UTC',
  ADD CHECK ((window_from IS NULL) = (window_to IS NULL));

ALTER TABLE lethe.pauses DROP CONSTRAINT pauses_scope_check,
  ADD CONSTRAINT pauses_scope_check CHECK (scope IN ('all', 'target', 'policy', 'tenant'));

ALTER TABLE lethe.runs
  ADD COLUMN tenant       text COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN lane         text COLLATE "C" NOT NULL DEFAULT 'normal',
  ADD COLUMN priority     smallint NOT NULL DEFAULT 2 CHECK (priority BETWEEN 0 AND 4),
  ADD COLUMN source_id    text COLLATE "C",            -- dedup key of a run started by hand
  DROP CONSTRAINT runs_state_check,
  ADD CONSTRAINT runs_state_check
    CHECK (state IN ('queued', 'planned', 'cleaning', 'verifying', 'satisfied', 'failed',
                     'cancelled', 'expired', 'refused', 'skipped'));
CREATE UNIQUE INDEX runs_source ON lethe.runs (source_id)
  WHERE source_id IS NOT NULL AND finished_at IS NULL;
CREATE INDEX runs_expire ON lethe.runs (expire_at) WHERE finished_at IS NULL;

CREATE INDEX dead_died ON lethe.dead (died_at);

ALTER TABLE lethe.workers ADD COLUMN lanes text[] NOT NULL DEFAULT '{normal}';

-- What the tasks of a run have done so far, live and ended; a run's own columns have it once it has
-- ended. started_at is the first lease that is still known.
CREATE FUNCTION lethe.run_effort(run text)
  RETURNS TABLE (rows bigint, batches bigint, started_at timestamptz) LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(t.rows_done), 0)::bigint, coalesce(sum(t.batches), 0)::bigint, min(t.leased_at)
    FROM (SELECT i.rows_done, i.batches, i.leased_at FROM lethe.items i WHERE i.run_id = $1
          UNION ALL
          SELECT h.rows_done, h.batches, h.leased_at FROM lethe.history h WHERE h.run_id = $1
          UNION ALL
          SELECT d.rows_done, d.batches, d.leased_at FROM lethe.dead d WHERE d.run_id = $1) t $$;
CREATE OR REPLACE VIEW lethe.job_runs AS
SELECT coalesce(r.policy, 'ad-hoc ' || r.id) AS job_name, coalesce(r.started_at, e.started_at) AS started_at,
       r.finished_at, CASE WHEN r.finished_at IS NULL THEN e.rows ELSE r.rows END AS affected_rows, r.error
  FROM lethe.runs r
 CROSS JOIN LATERAL lethe.run_effort(r.id) e
 WHERE r.state <> 'skipped';

UPDATE lethe.items SET tenant = '' WHERE tenant IS NULL;
ALTER TABLE lethe.items ALTER COLUMN tenant SET DEFAULT '', ALTER COLUMN tenant SET NOT NULL,
  ALTER COLUMN est_cost SET DEFAULT 250;
COMMENT ON COLUMN lethe.items.vft IS
  'place in line, microseconds: among its tenant''s waiting tasks, or once admitted in its lane';
UPDATE lethe.items SET vft = lethe.place(ready_at, priority) WHERE admission > 0;

-- Each index costs every change of a task's state, so there are no more than leasing, settling,
-- admission and promotion need. Admitted tasks are found as ready ones and leased ones.
DROP INDEX lethe.items_wai, lethe.items_adm, lethe.items_own, lethe.items_run, lethe.items_exp,
           lethe.items_dln;
CREATE INDEX items_wai ON lethe.items (target, tenant, vft, id)
  WHERE NOT is_leased AND enqueue_at IS NULL AND admission = 1;
CREATE INDEX items_prk ON lethe.items (target) WHERE admission = 2;
-- With the epoch in it, each lease is an entry of its own: settling never walks over older versions
-- of the row, however long a snapshot keeps them.
CREATE INDEX items_own ON lethe.items (leased_by, id, lease_epoch) WHERE leased_by IS NOT NULL;
CREATE INDEX items_run ON lethe.items (run_id, id);

INSERT INTO lethe.shares (target, tenant, admitted)
SELECT target, tenant, count(*) FILTER (WHERE admission = 0) FROM lethe.items GROUP BY 1, 2;
UPDATE lethe.target_slots s
   SET admitted = (SELECT count(*) FROM lethe.items i WHERE i.target = s.target AND i.admission = 0);

-- For autoscalers: how many slots could be busy now, by lane. docs/operations.md, "Autoscaling".
CREATE VIEW lethe.demand AS
SELECT i.lane, count(*) AS usable_slots, count(*) FILTER (WHERE i.is_leased) AS busy_slots,
       count(*) FILTER (WHERE NOT i.is_leased) AS ready_tasks,
       coalesce(extract(epoch FROM clock_timestamp()
                                   - min(i.ready_at) FILTER (WHERE NOT i.is_leased)), 0)::bigint
         AS oldest_ready_seconds
  FROM lethe.items i
 WHERE i.leased_by IS NOT NULL OR (NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 0)
 GROUP BY i.lane;
