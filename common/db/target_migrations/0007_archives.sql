-- Copies of rows, made in the transaction that took them. docs/archive.md.
-- transactional: yes
-- breaking: no

-- One row per batch that copied rows, committed with its deletes and its row in the ledger, and kept
-- after the copies are gone.
CREATE TABLE lethe.archives (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run            text COLLATE "C" NOT NULL,
  task           text COLLATE "C" NOT NULL,
  batch          bigint NOT NULL,             -- the ledger's
  epoch          bigint NOT NULL,
  policy         text COLLATE "C" NOT NULL,   -- '' for an ad-hoc run
  new_values     jsonb,                       -- column: text or null, which the rows got; NULL: they
                                              -- were deleted
  table_schema   text NOT NULL,               -- the policy's table, exact names
  table_name     text NOT NULL,
  relations      oid[] NOT NULL,              -- that table, and the part of it that the rows were in
  relation       text NOT NULL,               -- that part, quoted, as named at that moment
  archive_schema text,                        -- where the copies are: a table, exact names …
  archive_table  text,
  directory      text,                        -- … or a file in a directory of the worker's machine
  file           text,                        -- within the directory: RUN/NAME.csv.zst
  sha256         text,                        -- of the file as it is, in hex
  bytes          bigint NOT NULL DEFAULT 0,   -- of that file
  rows           bigint NOT NULL CHECK (rows > 0),
  oldest         text,                        -- as in the ledger
  newest         text,
  archived_at    timestamptz NOT NULL,        -- lethe_at of the copies: with the run, it names a batch
  keep_until     timestamptz,                 -- NULL: for ever
  restored_at    timestamptz,                 -- the last time
  restored_by    text NOT NULL DEFAULT '',
  pruned_at      timestamptz,                 -- the copies are gone
  pruned_by      text NOT NULL DEFAULT '',
  UNIQUE (run, archived_at),
  UNIQUE (task, batch),
  CHECK (num_nulls(archive_schema, archive_table) IN (0, 2)),
  CHECK (num_nulls(directory, file, sha256) IN (0, 3)),
  CHECK ((archive_table IS NULL) <> (file IS NULL))
);
CREATE INDEX archives_due ON lethe.archives (keep_until) WHERE pruned_at IS NULL;
