-- Rows that must not be deleted or changed, whoever asks. docs/holds.md.
-- transactional: yes
-- breaking: no

-- The authority on holds: one that is committed here protects from then on. Never deleted; the one
-- change is its release. A row of a table is held when its tenant and every value of `match` are the
-- hold's; without both, every row is.
CREATE TABLE lethe.holds (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- NULL: every table. A table is known by the name that it had, and in this database also by its
  -- oid; either protects, so a table that is renamed or swapped stays held.
  table_schema   text,
  table_name     text,
  relation_oid   oid,
  database_oid   oid,
  tenant         text,                        -- as its column's type reads it; NULL: of any tenant
  tenant_columns text[] NOT NULL DEFAULT '{}',  -- exact names, each of which may hold the tenant; to
                                              -- them comes that of the policy which would delete
  match          jsonb NOT NULL DEFAULT '{}', -- column, exact: value as text
  reason         text NOT NULL CHECK (reason <> ''),
  placed_by      text NOT NULL,
  placed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  released_at    timestamptz,
  released_by    text NOT NULL DEFAULT '',
  release_reason text NOT NULL DEFAULT '',
  CHECK (num_nulls(table_schema, table_name, relation_oid, database_oid) IN (0, 4)),
  CHECK ((tenant IS NULL) = (tenant_columns = '{}')),
  CHECK (jsonb_typeof(match) = 'object' AND (table_name IS NOT NULL OR match = '{}'))
);
CREATE INDEX holds_active ON lethe.holds (id) WHERE released_at IS NULL;

CREATE FUNCTION lethe.keep_hold() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $keep$
DECLARE
  released constant text[] := '{released_at,released_by,release_reason}';
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.released_at IS NULL AND NEW.released_at IS NOT NULL
       AND to_jsonb(NEW) - released = to_jsonb(OLD) - released THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'a hold is never deleted, and changed only by its release (lethe hold release)'
    USING ERRCODE = 'object_not_in_prerequisite_state';
END
$keep$;
CREATE TRIGGER holds_stay BEFORE UPDATE OR DELETE ON lethe.holds
  FOR EACH ROW EXECUTE FUNCTION lethe.keep_hold();
CREATE TRIGGER holds_are_not_emptied BEFORE TRUNCATE ON lethe.holds
  FOR EACH STATEMENT EXECUTE FUNCTION lethe.keep_hold();

-- By which holds reach a partition that is not part of its table any more.
ALTER TABLE lethe.quarantine
  ADD COLUMN parents       oid[] NOT NULL DEFAULT '{}',  -- the tables above it, when it was taken away
  ADD COLUMN tenant_column text NOT NULL DEFAULT '';     -- of its policy
