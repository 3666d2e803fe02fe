-- Everything about a relation that decides what deleting from it means: identity, name, owner,
-- parent, columns and their types, triggers and who owns their code, rules, row security, foreign keys that point here.
--
--   $1 oid      relation
-- Returns  name (quoted, as it is called now), fingerprint, has_keys (a foreign key may point here);
--          no row when it is gone
-- Locks    none; inside a batch the relation is locked already
-- Index    none
-- Caller   confirm_identity (batch_transaction.cpp), look_up_relations (catalog.cpp)
SELECT format('%I.%I', n.nspname, c.relname) AS name,
       encode(sha256(convert_to(concat_ws('|', c.oid, n.nspname, c.relname, c.relkind, c.relowner, c.relrowsecurity,
         c.relforcerowsecurity,
         coalesce((SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = c.oid LIMIT 1), 0),
         (SELECT string_agg(concat_ws(':', a.attnum, a.attname, a.atttypid), ',' ORDER BY a.attnum)
            FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
         (SELECT string_agg(concat_ws(':', t.oid, t.tgfoid, p.proowner, t.tgtype, t.tgenabled), ','
                            ORDER BY t.oid)
            FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
           -- Up to PostgreSQL 14 a partition's copy of a trigger counts as internal.
           WHERE t.tgrelid = c.oid AND (NOT t.tgisinternal OR t.tgfoid >= 16384)),
         (SELECT string_agg(concat_ws(':', r.oid, r.ev_type, r.ev_enabled), ',' ORDER BY r.oid)
            FROM pg_rewrite r WHERE r.ev_class = c.oid),
         (SELECT string_agg(concat_ws(':', f.oid, f.confdeltype), ',' ORDER BY f.oid)
            FROM pg_constraint f WHERE f.confrelid = c.oid AND f.contype = 'f')), 'UTF8')), 'hex') AS fingerprint,
       EXISTS (SELECT 1 FROM pg_trigger t
                WHERE t.tgrelid = c.oid AND t.tgisinternal AND t.tgconstrrelid <> 0) AS has_keys
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = $1::oid
