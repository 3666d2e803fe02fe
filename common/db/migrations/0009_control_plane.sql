-- How the processes of the fleet find each other and what operators ask of them. Messages only say
-- that something is to be looked up here. docs/operations.md, "The control plane".
-- transactional: yes
-- breaking: yes

-- Schedulers that can be reached. A row is as good as its last_seen is young.
CREATE TABLE lethe.schedulers (
  holder       text COLLATE "C" PRIMARY KEY,   -- as lethe.leader names it; never used again
  version      text NOT NULL,
  workers      text NOT NULL,                  -- endpoints, such as tcp://host:7401; '': not there
  operators    text NOT NULL,
  events       text NOT NULL,
  public_key   text NOT NULL,                  -- Z85; '': reached without encryption
  started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_seen    timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50);

-- Who may connect to them, and as what.
CREATE TABLE lethe.control_keys (
  name         text COLLATE "C" PRIMARY KEY,
  public_key   text COLLATE "C" NOT NULL UNIQUE CHECK (length(public_key) = 40),  -- Z85
  role         text NOT NULL CHECK (role IN ('worker', 'operator', 'viewer')),
  allowed_by   text NOT NULL,
  allowed_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Commands by the id that whoever asked chose: the same one is carried out once. Kept for a day.
CREATE TABLE lethe.commands (
  id           text COLLATE "C" PRIMARY KEY,
  verb         text NOT NULL,
  object       text NOT NULL,
  actor        text NOT NULL,
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  code         text NOT NULL DEFAULT '',       -- the answer; '' only while it is carried out
  detail       text NOT NULL DEFAULT ''
);
CREATE INDEX commands_made ON lethe.commands (made_at);

-- Leased and cancelled tasks whose statement in flight is to be cancelled as well. Kept for a day.
CREATE TABLE lethe.stops (
  task         text COLLATE "C" PRIMARY KEY,
  asked_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What operators want of a worker. One that is not to run is 'draining' for everybody else, and so
-- leases nothing from the commit on, whether or not it has heard of it.
ALTER TABLE lethe.workers
  ADD COLUMN wanted text NOT NULL DEFAULT 'running' CHECK (wanted IN ('running', 'quiet', 'stop'));
