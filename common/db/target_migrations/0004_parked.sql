-- Rows that the database refuses to delete, set aside so that a run can go on with the others; and in
-- the ledger the rows of other tables that went along.
-- transactional: yes
-- breaking: no

CREATE TABLE lethe.parked (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run          text COLLATE "C" NOT NULL,
  task         text COLLATE "C" NOT NULL,
  relation     text NOT NULL,                 -- the table or leaf partition, as named at that moment
  relation_oid oid NOT NULL,
  tid          tid NOT NULL,                  -- this version of the row, and no later one
  row_xmin     xid NOT NULL,
  key          text NOT NULL,                 -- the primary key as jsonb, else the tid
  sqlstate     text NOT NULL,
  message      text NOT NULL,
  at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- One row per row. By a hash, because a key may be longer than an index takes.
CREATE UNIQUE INDEX parked_row ON lethe.parked (run, relation_oid, hashtextextended(key, 0));

-- What a batch did to the children of the rows that it deleted. NULL: nothing. Else by child, as named
-- at that moment: {"public.lines": {"deleted": 12}}, or changed (SET NULL, SET DEFAULT). Part of the
-- hash when not NULL. `rows` counts none of these.
ALTER TABLE lethe.ledger ADD COLUMN cascaded jsonb;
