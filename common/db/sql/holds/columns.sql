-- How values of some columns are compared: by the operator with which the type's own default btree
-- or hash operator class says that two of them are equal. Whoever made such a class is a superuser.
--
--   $1 oid      table
--   $2 text[]   columns, exact
-- Returns  name, quoted, type (of a domain: its base type), equals (NULL: two values of this type
--          cannot be told apart so; arrays and records among them)
-- Locks    none
-- Index    pg_attribute_relid_attnam_index, pg_opclass_am_name_nsp_index
-- Caller   look_up_compared (holds.cpp)
SELECT a.attname::text AS name, quote_ident(a.attname) AS quoted, format_type(b.oid, -1) AS type,
       e.equals
  FROM pg_attribute a
 CROSS JOIN LATERAL (
   WITH RECURSIVE base AS (
     SELECT t.oid, t.typtype, t.typbasetype FROM pg_type t WHERE t.oid = a.atttypid
     UNION ALL
     SELECT t.oid, t.typtype, t.typbasetype FROM base JOIN pg_type t ON t.oid = base.typbasetype
      WHERE base.typtype = 'd')
   SELECT base.oid, base.typtype FROM base WHERE base.typtype <> 'd') b
  LEFT JOIN LATERAL (
   SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname) AS equals
     FROM pg_opclass k
     JOIN pg_am m ON m.oid = k.opcmethod AND m.amname IN ('btree', 'hash')
     JOIN pg_amop p ON p.amopfamily = k.opcfamily AND p.amoplefttype = k.opcintype
                   AND p.amoprighttype = k.opcintype
                   AND p.amopstrategy = CASE m.amname WHEN 'btree' THEN 3 ELSE 1 END
     JOIN pg_operator o ON o.oid = p.amopopr
     JOIN pg_namespace n ON n.oid = o.oprnamespace
     JOIN pg_type t ON t.oid = k.opcintype
    WHERE k.opcdefault
      AND (k.opcintype = b.oid
           OR (b.typtype = 'e' AND k.opcintype = 'anyenum'::regtype)
           OR (b.typtype = 'r' AND k.opcintype = 'anyrange'::regtype)
           OR EXISTS (SELECT 1 FROM pg_cast c
                       WHERE c.castsource = b.oid AND c.casttarget = k.opcintype
                         AND c.castmethod = 'b' AND c.castcontext = 'i'))
    ORDER BY k.opcintype <> b.oid, NOT t.typispreferred, m.amname
    LIMIT 1) e ON true
 WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
   AND a.attname = ANY ($2::text[])
