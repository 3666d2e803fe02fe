-- What guards judge runs by: who made a policy what it is and who approved of it, what persons agreed
-- to, and what previews counted. docs/guards.md.
-- transactional: yes
-- breaking: yes

ALTER TABLE lethe.policies
  ADD COLUMN applied_by text NOT NULL DEFAULT '',      -- of the spec as it is now
  ADD COLUMN applied_as text NOT NULL DEFAULT '',      -- session_user of whoever it was
  ADD COLUMN applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ADD COLUMN needs_approval boolean NOT NULL DEFAULT false;  -- stays until a spec without it is approved

ALTER TABLE lethe.runs
  ADD COLUMN refusal text,                             -- a guard ended it; NULL: none did
  ADD COLUMN acknowledged bigint;                      -- ad hoc: eligible rows that a person saw
CREATE INDEX runs_satisfied ON lethe.runs (policy, target, id) WHERE state = 'satisfied';
CREATE INDEX runs_proven ON lethe.runs (policy, target, spec_sha256) WHERE state = 'satisfied';

CREATE TABLE lethe.acknowledgements (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  policy       text COLLATE "C" NOT NULL,
  target       text COLLATE "C" NOT NULL,
  spec_sha256  text NOT NULL,
  rows         bigint NOT NULL CHECK (rows >= 0),      -- eligible when it was given
  acknowledged_by text NOT NULL,
  at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX acknowledgements_of ON lethe.acknowledgements (policy, target, spec_sha256, id);

CREATE TABLE lethe.approvals (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  policy       text COLLATE "C" NOT NULL,
  spec_sha256  text NOT NULL,
  approved_by  text NOT NULL,
  approved_as  text NOT NULL DEFAULT session_user,
  at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX approvals_of ON lethe.approvals (policy, spec_sha256, id);

-- What a person was shown that a run would do.
CREATE TABLE lethe.previews (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  policy       text COLLATE "C",                       -- NULL: ad hoc
  target       text COLLATE "C" NOT NULL,
  spec_sha256  text NOT NULL,
  cutoff       timestamptz NOT NULL,
  eligible     bigint NOT NULL,
  total        bigint NOT NULL,
  census       jsonb NOT NULL,                         -- all of it, as --output json prints it
  made_by      text NOT NULL,
  at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX previews_of ON lethe.previews (target, spec_sha256, id);
CREATE INDEX previews_at ON lethe.previews (at);
