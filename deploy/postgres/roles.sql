-- The roles of Lethe, each with the rights that it needs and no more. Run it as a superuser, or as a
-- role that may create roles and is the owner of the schema lethe, in the control database after
-- `lethe migrate` and in every target after `lethe target install`; again after each upgrade. Run
-- twice it changes nothing. Where control database and target are one database, once is enough.
--
--   psql -v ON_ERROR_STOP=1 -f deploy/postgres/roles.sql service=lethe
--
-- None of these roles can log in. Give each program and each person a role of their own:
--
--   CREATE ROLE worker_1 LOGIN IN ROLE lethe_worker;
--   CREATE ROLE scheduler_1 LOGIN IN ROLE lethe_scheduler;
--   ALTER ROLE scheduler_1 SET role = lethe_scheduler;  -- partitions that it makes are the group's
--   CREATE ROLE ana LOGIN IN ROLE lethe_operator;
--
-- and each worker what it needs on the tables to clean: `lethe target check NAME --role worker_1`
-- prints the GRANTs that are missing.
--
--   lethe_owner      lethe migrate, lethe target install: never at run time
--   lethe_scheduler  lethe-scheduler
--   lethe_worker     lethe-worker, in the control database and in targets
--   lethe_operator   people: policies, runs, holds, pauses
--   lethe_viewer     dashboards and auditors: everything, and changes nothing

DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY '{lethe_owner,lethe_scheduler,lethe_worker,lethe_operator,lethe_viewer}'::text[] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
      EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', wanted);
    END IF;
  END LOOP;
END $$;

-- What Lethe made belongs to its owner; what was granted before is forgotten.
DO $$
DECLARE
  thing record;
BEGIN
  IF pg_catalog.to_regnamespace('lethe') IS NULL THEN
    RAISE EXCEPTION 'there is no schema lethe here; run lethe migrate or lethe target install first';
  END IF;
  FOR thing IN
    SELECT pg_catalog.format('SCHEMA %I', n.nspname) AS name
      FROM pg_catalog.pg_namespace n WHERE n.nspname IN ('lethe', 'lethe_quarantine')
    UNION ALL
    SELECT pg_catalog.format('%s %s', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE'
                                                     ELSE 'TABLE' END, c.oid::pg_catalog.regclass)
      FROM pg_catalog.pg_class c
     WHERE c.relnamespace = 'lethe'::pg_catalog.regnamespace
       AND (c.relkind IN ('r', 'p', 'v')
            -- An identity's sequence goes with its table.
            OR (c.relkind = 'S' AND NOT EXISTS (
                  SELECT 1 FROM pg_catalog.pg_depend d
                   WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
                     AND d.deptype = 'i')))
    UNION ALL
    SELECT pg_catalog.format('ROUTINE %s', p.oid::pg_catalog.regprocedure)
      FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'lethe'::pg_catalog.regnamespace
  LOOP
    EXECUTE 'ALTER ' || thing.name || ' OWNER TO lethe_owner';
  END LOOP;
  REVOKE ALL ON ALL TABLES IN SCHEMA lethe FROM lethe_scheduler, lethe_worker, lethe_operator, lethe_viewer;
  GRANT USAGE ON SCHEMA lethe TO lethe_scheduler, lethe_worker, lethe_operator, lethe_viewer;
  GRANT SELECT ON ALL TABLES IN SCHEMA lethe TO lethe_viewer;
END $$;

-- The control database.
DO $$
DECLARE
  part pg_catalog.regclass;
BEGIN
  IF pg_catalog.to_regclass('lethe.items') IS NULL THEN
    RETURN;
  END IF;
  GRANT SELECT ON lethe.migrations TO lethe_scheduler, lethe_worker, lethe_operator;

  -- The queue, which whoever ends a task changes with it.
  GRANT SELECT, INSERT, UPDATE, DELETE ON lethe.items TO lethe_scheduler, lethe_worker, lethe_operator;
  GRANT SELECT, INSERT ON lethe.history, lethe.dead TO lethe_worker, lethe_operator, lethe_scheduler;
  GRANT DELETE ON lethe.dead TO lethe_scheduler, lethe_operator;
  GRANT SELECT, UPDATE ON lethe.runs TO lethe_worker;
  GRANT SELECT, INSERT, UPDATE ON lethe.runs TO lethe_scheduler, lethe_operator;
  GRANT SELECT, INSERT, UPDATE ON lethe.ledger_heads TO lethe_scheduler, lethe_worker, lethe_operator;
  GRANT SELECT, INSERT, UPDATE ON lethe.target_slots, lethe.shares, lethe.paces
    TO lethe_scheduler, lethe_worker, lethe_operator;
  GRANT DELETE ON lethe.target_slots TO lethe_operator;
  GRANT DELETE ON lethe.shares TO lethe_scheduler, lethe_operator;
  GRANT SELECT ON lethe.lanes, lethe.lane_heads, lethe.pauses, lethe.targets, lethe.tenants,
    lethe.policies TO lethe_scheduler, lethe_worker, lethe_operator;
  GRANT INSERT ON lethe.lanes TO lethe_scheduler, lethe_operator;
  GRANT INSERT, DELETE ON lethe.lane_heads TO lethe_scheduler;

  -- What nobody may go on with: every process looks at the clock, and whoever sees it jump says so.
  GRANT SELECT, INSERT, UPDATE ON lethe.clock TO lethe_scheduler, lethe_worker, lethe_operator;
  GRANT INSERT ON lethe.pauses TO lethe_scheduler, lethe_worker;
  GRANT SELECT ON lethe.target_databases TO lethe_scheduler, lethe_operator;
  GRANT SELECT, INSERT, UPDATE ON lethe.target_databases TO lethe_worker;
  GRANT DELETE ON lethe.target_databases TO lethe_operator;
  GRANT EXECUTE ON FUNCTION lethe.clock_is_watched()
    TO lethe_scheduler, lethe_worker, lethe_operator, lethe_viewer;

  -- The fleet.
  GRANT SELECT, INSERT, UPDATE ON lethe.workers TO lethe_worker;
  GRANT USAGE ON SEQUENCE lethe.worker_ids TO lethe_worker;
  GRANT SELECT, UPDATE, DELETE ON lethe.workers TO lethe_scheduler;
  GRANT SELECT ON lethe.workers, lethe.leader TO lethe_operator;
  GRANT SELECT, INSERT, UPDATE ON lethe.leader TO lethe_scheduler;
  GRANT UPDATE (wanted, phase) ON lethe.workers TO lethe_operator;

  -- How its processes find each other, and what operators ask of them. Schedulers carry out what
  -- operators ask by message, and record it.
  GRANT SELECT, INSERT, UPDATE, DELETE ON lethe.schedulers TO lethe_scheduler;
  GRANT SELECT ON lethe.schedulers TO lethe_worker, lethe_operator;
  GRANT SELECT ON lethe.leader TO lethe_worker;
  GRANT SELECT ON lethe.control_keys TO lethe_scheduler;
  GRANT SELECT, INSERT, DELETE ON lethe.control_keys TO lethe_operator;
  GRANT SELECT, INSERT, UPDATE ON lethe.commands, lethe.stops TO lethe_scheduler, lethe_operator;
  GRANT DELETE ON lethe.commands, lethe.stops TO lethe_scheduler;
  GRANT SELECT ON lethe.stops TO lethe_worker;
  GRANT SELECT, INSERT ON lethe.audit TO lethe_scheduler;
  GRANT SELECT, UPDATE ON lethe.audit_head TO lethe_scheduler;
  GRANT UPDATE ON lethe.policies TO lethe_scheduler;  -- when each fires next

  -- What people decide. The audit can be added to and nothing else.
  GRANT INSERT, UPDATE, DELETE ON lethe.targets, lethe.policies, lethe.tenants, lethe.pauses
    TO lethe_operator;
  GRANT SELECT ON lethe.acknowledgements, lethe.approvals, lethe.previews TO lethe_worker;
  GRANT SELECT, INSERT ON lethe.acknowledgements, lethe.approvals, lethe.previews TO lethe_operator;
  GRANT DELETE ON lethe.previews TO lethe_operator;  -- those of long ago
  GRANT SELECT, INSERT ON lethe.audit TO lethe_operator;
  GRANT SELECT, UPDATE ON lethe.audit_head TO lethe_operator;

  -- The history has a partition a day, which the scheduler makes and drops.
  GRANT lethe_scheduler TO lethe_owner;
  GRANT CREATE ON SCHEMA lethe TO lethe_scheduler;

  -- Since when others' transactions hold VACUUM up (docs/metrics.md). Not every role that may run this
  -- file may grant that, since PostgreSQL 16.
  IF NOT pg_catalog.pg_has_role('lethe_scheduler', 'pg_read_all_stats', 'MEMBER') THEN
    BEGIN
      GRANT pg_read_all_stats TO lethe_scheduler;
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE WARNING 'the alert LetheOldSnapshot stays silent until a superuser does: GRANT pg_read_all_stats TO lethe_scheduler';
    END;
  END IF;
  FOR part IN SELECT t.relid FROM pg_catalog.pg_partition_tree('lethe.history') t LOOP
    EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO lethe_scheduler', part);
  END LOOP;
END $$;

-- A target.
DO $$
BEGIN
  IF pg_catalog.to_regclass('lethe.fence') IS NULL THEN
    RETURN;
  END IF;
  GRANT SELECT ON lethe.target_migrations TO lethe_worker, lethe_operator;
  GRANT SELECT, INSERT, UPDATE, DELETE ON lethe.fence, lethe.cutoffs, lethe.parked TO lethe_worker;
  GRANT SELECT, INSERT ON lethe.ledger TO lethe_worker;  -- nobody changes it, and nobody deletes from it
  GRANT SELECT ON lethe.gate, lethe.holds TO lethe_worker;
  GRANT INSERT ON lethe.archives TO lethe_worker;  -- for policies with an archive
  GRANT SELECT, UPDATE ON lethe.archives TO lethe_operator;
  GRANT SELECT ON lethe.fence, lethe.cutoffs, lethe.parked, lethe.ledger, lethe.quarantine TO lethe_operator;
  GRANT SELECT, INSERT, UPDATE ON lethe.gate TO lethe_operator;
  GRANT SELECT, INSERT, UPDATE (released_at, released_by, release_reason) ON lethe.holds TO lethe_operator;
  -- For policies with partitions: quarantine; with a role that may do what the tables' owner may.
  GRANT SELECT, INSERT, UPDATE ON lethe.quarantine TO lethe_worker;
  GRANT UPDATE ON lethe.quarantine TO lethe_operator;
  GRANT USAGE, CREATE ON SCHEMA lethe_quarantine TO lethe_worker;
  GRANT USAGE ON SCHEMA lethe_quarantine TO lethe_operator;
END $$;
