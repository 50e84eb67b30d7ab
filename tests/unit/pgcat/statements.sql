SELECT ns.nspname AS schema, rel.relname AS name,
  CASE rel.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'i' THEN 'index' END AS kind,
  pg_catalog.pg_get_userbyid(rel.relowner) AS owner
FROM pg_catalog.pg_class rel LEFT JOIN pg_catalog.pg_namespace ns ON ns.oid = rel.relnamespace
WHERE rel.relkind IN ('r', 'p', 'v', '') AND ns.nspname <> 'pg_catalog' AND ns.nspname !~ '^pg_toast'
  AND ns.nspname <> 'information_schema' AND pg_catalog.pg_table_is_visible(rel.oid)
ORDER BY 1, 2
;;
SELECT rel.oid, ns.nspname, rel.relname FROM pg_catalog.pg_class rel
  LEFT JOIN pg_catalog.pg_namespace ns ON ns.oid = rel.relnamespace
WHERE rel.relname OPERATOR(pg_catalog.~) '^(airports)$' COLLATE pg_catalog.default
  AND ns.nspname OPERATOR(pg_catalog.~) '^(aviation)$' COLLATE pg_catalog.default ORDER BY 2, 3
;;
SELECT col.attname, pg_catalog.format_type(col.atttypid, col.atttypmod),
  (SELECT pg_catalog.pg_get_expr(def.adbin, def.adrelid, true) FROM pg_catalog.pg_attrdef def
   WHERE def.adrelid = col.attrelid AND def.adnum = col.attnum AND col.atthasdef),
  col.attnotnull,
  (SELECT co.collname FROM pg_catalog.pg_collation co, pg_catalog.pg_type ty
   WHERE co.oid = col.attcollation AND ty.oid = col.atttypid
     AND col.attcollation <> ty.typcollation) AS attcollation,
  col.attidentity, pg_catalog.col_description(col.attrelid, col.attnum)
FROM pg_catalog.pg_attribute col
WHERE col.attrelid = 'aviation.airports'::pg_catalog.regclass AND col.attnum > 0
  AND NOT col.attisdropped ORDER BY col.attnum
;;
SELECT ix.relname, i.indisprimary, i.indisunique, i.indisvalid,
  pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), pg_catalog.pg_get_constraintdef(con.oid, true),
  contype, condeferrable
FROM pg_catalog.pg_class tab, pg_catalog.pg_class ix, pg_catalog.pg_index i
  LEFT JOIN pg_catalog.pg_constraint con
    ON (conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p', 'u', 'x'))
WHERE tab.oid = 'aviation.flights'::regclass AND tab.oid = i.indrelid AND i.indexrelid = ix.oid
ORDER BY i.indisprimary DESC, ix.relname
;;
SELECT conname, conrelid::pg_catalog.regclass AS ontable,
  pg_catalog.pg_get_constraintdef(oid, true) AS condef FROM pg_catalog.pg_constraint
WHERE confrelid IN (SELECT pg_catalog.pg_partition_ancestors('aviation.flights')
                    UNION ALL VALUES ('aviation.flights'::pg_catalog.regclass))
  AND contype = 'f' AND conparentid = 0 ORDER BY conname
;;
SELECT pol.polname, CASE WHEN pol.polroles = '{0}' THEN NULL ELSE pg_catalog.array_to_string(
  array(SELECT rolname FROM pg_catalog.pg_roles WHERE oid = any (pol.polroles) ORDER BY 1), ',') END
FROM pg_catalog.pg_policy pol ORDER BY 1
;;
SELECT pubname, NULL, NULL FROM pg_catalog.pg_publication WHERE puballtables
UNION
SELECT pubname, pg_get_expr(pr.prqual, pr.prrelid),
  (CASE WHEN pr.prattrs IS NOT NULL THEN (SELECT string_agg(attname, ', ')
     FROM pg_catalog.generate_series(0, pg_catalog.array_upper(pr.prattrs::pg_catalog.int2[], 1)) s,
          pg_catalog.pg_attribute WHERE attrelid = pr.prrelid AND attnum = prattrs[s]) ELSE NULL END)
FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_rel pr ON p.oid = pr.prpubid
ORDER BY 1
;;
SELECT tg.tgname, CASE WHEN tg.tgparentid != 0 THEN (SELECT u.tgrelid::pg_catalog.regclass
  FROM pg_catalog.pg_trigger AS u,
    pg_catalog.pg_partition_ancestors(tg.tgrelid) WITH ORDINALITY AS a(relid, depth)
  WHERE u.tgname = tg.tgname AND u.tgrelid = a.relid ORDER BY a.depth LIMIT 1) END AS parent
FROM pg_catalog.pg_trigger tg WHERE (NOT tg.tgisinternal OR tg.tgenabled = 'D') ORDER BY 1
;;
SELECT pg_catalog.array_to_string(
    rel.reloptions || array(SELECT 'toast.' || x FROM pg_catalog.unnest(tc.reloptions) x), ', '),
  CASE WHEN rel.reloftype = 0 THEN '' ELSE rel.reloftype::pg_catalog.regtype::pg_catalog.text END
FROM pg_catalog.pg_class rel LEFT JOIN pg_catalog.pg_class tc ON (rel.reltoastrelid = tc.oid)
WHERE rel.oid = 'aviation.airports'::regclass
;;
SELECT r.rolname, r.rolsuper, r.rolcanlogin, r.rolconnlimit, ARRAY(SELECT b.rolname
    FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles b ON (m.roleid = b.oid)
    WHERE m.member = r.oid) AS memberof
FROM pg_catalog.pg_roles r WHERE r.rolname = 'ada' ORDER BY 1
;;
SELECT rel.relname, NULL::pg_catalog.text FROM pg_catalog.pg_class rel
WHERE rel.relkind IN ('r', 'v') AND (rel.relname) LIKE 'airp%' AND pg_catalog.pg_table_is_visible(rel.oid)
UNION ALL
SELECT NULL::pg_catalog.text, ns.nspname FROM pg_catalog.pg_namespace ns
WHERE ns.nspname LIKE 'avia%' AND ns.nspname NOT LIKE E'pg\\_%' LIMIT 1000
;;
SELECT NULL AS cat, ns.nspname AS sch, CASE ns.nspname ~ '^pg_' OR ns.nspname = 'information_schema'
    WHEN true THEN 'SYSTEM TABLE' WHEN false THEN CASE rel.relkind WHEN 'r' THEN 'TABLE' ELSE NULL END
    ELSE NULL END AS kind, dsc.description AS remarks
FROM pg_catalog.pg_namespace ns, pg_catalog.pg_class rel
  LEFT JOIN pg_catalog.pg_description dsc
    ON (rel.oid = dsc.objoid AND dsc.objsubid = 0 AND dsc.classoid = 'pg_class'::regclass)
WHERE rel.relnamespace = ns.oid AND ns.nspname LIKE 'aviation' AND rel.relname LIKE 'air%'
  AND (false OR (rel.relkind = 'r' AND ns.nspname !~ '^pg_')) ORDER BY kind, sch
;;
SELECT * FROM (SELECT ns.nspname, rel.relname, col.attname,
    col.attnotnull OR (ty.typtype = 'd' AND ty.typnotnull) AS attnotnull,
    row_number() OVER (PARTITION BY col.attrelid ORDER BY col.attnum) AS attnum,
    nullif(col.attidentity, '') AS attidentity
  FROM pg_catalog.pg_namespace ns JOIN pg_catalog.pg_class rel ON (rel.relnamespace = ns.oid)
    JOIN pg_catalog.pg_attribute col ON (col.attrelid = rel.oid)
    JOIN pg_catalog.pg_type ty ON (col.atttypid = ty.oid)
  WHERE col.attnum > 0 AND ns.nspname LIKE 'aviation') c WHERE true AND attname LIKE '%'
ORDER BY nspname, c.relname, attnum
;;
SELECT res.name, res.key_seq, res.pk_name FROM (SELECT col.attname AS name,
    (information_schema._pg_expandarray(i.indkey)).n AS key_seq, ix.relname AS pk_name,
    information_schema._pg_expandarray(i.indkey) AS keys, col.attnum AS num
  FROM pg_catalog.pg_class tab JOIN pg_catalog.pg_attribute col ON (tab.oid = col.attrelid)
    JOIN pg_catalog.pg_index i ON (col.attrelid = i.indrelid)
    JOIN pg_catalog.pg_class ix ON (ix.oid = i.indexrelid)
  WHERE true AND tab.relname = 'flights' AND i.indisprimary) res
WHERE res.num = (res.keys).x ORDER BY res.pk_name, res.key_seq
;;
SELECT trim(both '"' from pg_catalog.pg_get_indexdef(t.ci, t.pos, false)) AS name,
  CASE t.am WHEN 'btree' THEN CASE t.opt[t.pos - 1] & 1::smallint WHEN 1 THEN 'D' ELSE 'A' END
    ELSE NULL END AS asc_or_desc
FROM (SELECT (information_schema._pg_expandarray(i.indkey)).n AS pos, ix.oid AS ci,
    i.indoption AS opt, am.amname AS am
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ix ON (ix.oid = i.indexrelid)
    JOIN pg_catalog.pg_am am ON (ix.relam = am.oid) WHERE i.indrelid = 'aviation.flights'::regclass) AS t
ORDER BY t.pos
;;
SELECT typinput = 'pg_catalog.array_in'::regproc AS is_array, typtype, typname, pg_type.oid
FROM pg_catalog.pg_type LEFT JOIN (SELECT ns.oid AS nspoid, ns.nspname, r.r
    FROM pg_namespace AS ns JOIN (SELECT s.r, (current_schemas(false))[s.r] AS nspname
      FROM generate_series(1, array_upper(current_schemas(false), 1)) AS s(r)) AS r
    USING (nspname)) AS sp ON sp.nspoid = typnamespace
WHERE typname IN ('_int4', 'bool') ORDER BY sp.r, pg_type.oid DESC
;;
SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname <> 'pg_toast'
  AND (nspname !~ '^pg_temp_' OR nspname = (pg_catalog.current_schemas(true))[1])
  AND nspname IN ('aviation', 'shop') ORDER BY nspname
;;
SELECT fkn.nspname, con.conname, CASE con.confupdtype WHEN 'c' THEN 0 WHEN 'a' THEN 3 ELSE NULL END,
  pos.n AS key_seq
FROM pg_catalog.pg_namespace fkn, pg_catalog.pg_attribute pka, pg_catalog.pg_constraint con,
  pg_catalog.generate_series(1, 32) pos(n)
WHERE pka.attnum = con.confkey[pos.n] AND con.contype = 'f' AND pka.attrelid = con.confrelid
  AND fkn.oid = con.connamespace ORDER BY con.conname, pos.n
;;
SELECT string_agg(word, ',') FROM pg_catalog.pg_get_keywords()
WHERE word <> ALL ('{a,abs}'::text[]) AND word = 'no such word'
;;
SELECT rel.oid, col.attnum, col.attidentity != '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%'
FROM pg_catalog.pg_class rel JOIN pg_catalog.pg_attribute col ON (rel.oid = col.attrelid)
  LEFT JOIN pg_catalog.pg_attrdef d ON (d.adrelid = col.attrelid AND d.adnum = col.attnum)
  JOIN (SELECT 'aviation.airports'::regclass AS oid, 1 AS attnum UNION ALL
        SELECT 'aviation.airports'::regclass, 2) vals ON (rel.oid = vals.oid AND col.attnum = vals.attnum)
ORDER BY 2
;;
SELECT ns.nspname, ty.oid, ty.typname, ty.kind, ty.elem FROM (SELECT t.oid, t.typnamespace, t.typname,
    CASE WHEN pr.proname = 'array_recv' THEN 'a' ELSE t.typtype END AS kind,
    CASE WHEN pr.proname = 'array_recv' THEN t.typelem WHEN t.typtype = 'r' THEN rngsubtype
      WHEN t.typtype = 'm' THEN (SELECT rngtypid FROM pg_range WHERE rngmultitypid = t.oid) END AS elem
  FROM pg_type AS t LEFT JOIN pg_proc AS pr ON pr.oid = t.typreceive
    LEFT JOIN pg_range ON (pg_range.rngtypid = t.oid)) AS ty
JOIN pg_namespace AS ns ON (ns.oid = typnamespace)
WHERE typname IN ('int4', '_int4', 'int4range', 'int4multirange')
ORDER BY CASE WHEN kind IN ('b', 'e') THEN 0 WHEN kind = 'r' THEN 1 WHEN kind = 'm' THEN 2 ELSE 3 END
;;
SELECT ns.oid, ns.*, d.description FROM pg_catalog.pg_namespace ns LEFT OUTER JOIN
  pg_catalog.pg_description d ON d.objoid = ns.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass
WHERE nspname = 'shop'
;;
SELECT c.oid, c.*, pg_catalog.pg_get_partkeydef(c.oid) AS partition_key FROM pg_catalog.pg_class c
WHERE c.oid = 'aviation.airports'::regclass AND c.relkind NOT IN ('i', 'I', 'c')
;;
SELECT d.datname, d.oid, pg_catalog.pg_encoding_to_char(d.encoding),
  pg_catalog.array_to_string(d.datacl, E'\n') AS access FROM pg_catalog.pg_database d
WHERE d.datname = 'mesh'
;;
SELECT att.conrelid::regclass, array_agg(CAST(att.attname AS TEXT) ORDER BY att.ord) AS cols, att.conname
FROM (SELECT con.*, pg_catalog.pg_attribute.attname FROM pg_catalog.pg_attribute JOIN
    (SELECT pg_catalog.pg_constraint.conrelid AS conrelid, pg_catalog.pg_constraint.conname AS conname,
       unnest(pg_catalog.pg_constraint.conkey) AS num,
       generate_subscripts(pg_catalog.pg_constraint.conkey, 1) AS ord
     FROM pg_catalog.pg_constraint WHERE pg_catalog.pg_constraint.contype = 'p') AS con
    ON pg_catalog.pg_attribute.attnum = con.num AND pg_catalog.pg_attribute.attrelid = con.conrelid) AS att
GROUP BY att.conrelid, att.conname ORDER BY att.conname
;;
SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace
  ON pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace
WHERE pg_catalog.pg_class.relkind = ANY (ARRAY['r', 'p']) AND pg_catalog.pg_namespace.nspname = 'aviation'
ORDER BY 1
;;
SELECT table_schema, table_name, column_name, ordinal_position, data_type, is_nullable,
  numeric_precision, numeric_scale, udt_name
FROM information_schema.columns WHERE table_schema = 'aviation' ORDER BY 1, 2, 4
;;
SELECT table_catalog, table_name, table_type FROM information_schema.tables
WHERE table_schema = 'aviation' AND table_type IN ('BASE TABLE', 'VIEW') ORDER BY 2
;;
SELECT tc.constraint_name, kcu.column_name, kcu.ordinal_position
FROM information_schema.table_constraints tc JOIN information_schema.key_column_usage kcu
  USING (constraint_name, table_schema, table_name)
WHERE tc.constraint_type = 'PRIMARY KEY' ORDER BY 1, 3
;;
SELECT schema_name FROM information_schema.schemata WHERE schema_name IN ('shop', 'aviation') ORDER BY 1
;;
SELECT ns.oid AS id, relname, col.attname, NULL AS con, NULL AS keys FROM pg_class
  JOIN pg_namespace ns ON relnamespace = ns.oid JOIN pg_attribute col ON pg_class.oid = col.attrelid
WHERE attnum > 0 AND relname = 'airports'
UNION ALL
SELECT ns.oid, relname, NULL, pg_constraint.oid, conkey FROM pg_class
  JOIN pg_namespace ns ON relnamespace = ns.oid JOIN pg_constraint ON (pg_class.oid = conrelid)
WHERE relname = 'airports' AND contype IN ('p', 'u') ORDER BY id, relname, attname, con
;;
SELECT col.attname, format_type(col.atttypid, col.atttypmod) AS data_type FROM pg_index i
  JOIN pg_attribute col ON col.attrelid = i.indrelid AND col.attnum = ANY(i.indkey)
WHERE i.indrelid = 'aviation.flights'::regclass AND i.indisprimary ORDER BY col.attnum
;;
SELECT (((1))), 1 + 2 * 3 AS seven, 'a' || 'b', 1.5, -1, true, 2 > 1, NOT false, 'x' IS NOT NULL
;;
SELECT 'version'::pg_catalog.regproc::pg_catalog.oid > 0 AS found, '{1,2}'::int4[], 16::regtype
;;
SELECT name, setting FROM pg_settings WHERE name IN ('max_index_keys', 'server_encoding') ORDER BY lower(name)
;;
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r
;;
SELECT k.word, k.n FROM (VALUES ('a', 1), ('b', 2)) AS k(word, n)
WHERE k.n BETWEEN 1 AND 2 ORDER BY k.word DESC NULLS LAST
;;
SELECT current_schema(), current_database(), current_user, pg_catalog.quote_ident('Total "net"'),
  substring('abcdef' from 2 for 3), position('c' in 'abc'), upper('x'), coalesce(NULL, 'y')
;;
SELECT has_schema_privilege('aviation', 'USAGE'), has_table_privilege('aviation.airports', 'SELECT')
;;
SELECT relname FROM (((pg_catalog.pg_class c INNER JOIN pg_catalog.pg_namespace n
    ON n.oid = c.relnamespace AND n.nspname LIKE 'aviation')
  INNER JOIN pg_catalog.pg_attribute a ON (NOT a.attisdropped) AND a.attnum > 0 AND a.attrelid = c.oid)
  INNER JOIN pg_catalog.pg_type t ON t.oid = a.atttypid) LEFT OUTER JOIN pg_attrdef d
  ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind = 'r' GROUP BY relname HAVING count(*) > 1 ORDER BY relname
;;
SELECT count(*), count(DISTINCT nspname), max(nspname), bool_and(nspname <> '') FROM pg_namespace
WHERE nspname IN ('aviation', 'shop')
;;
SELECT ns.nspname, ty.oid, ty.typname, ty.kind, ty.typnotnull, ty.inner_oid
FROM (SELECT one.oid, one.typnamespace, one.typname, one.kind, one.typrelid, one.typnotnull, one.relkind,
    inn.oid AS inner_oid, inn.typname AS inner_name, innc.relkind AS inner_relkind,
    CASE WHEN innp.proname = 'array_recv' THEN 'a' ELSE inn.typtype END AS inner_kind
  FROM (SELECT t.oid, typnamespace, typname, typrelid, typnotnull, relkind, typelem AS elem,
      CASE WHEN p.proname = 'array_recv' THEN 'a' ELSE t.typtype END AS kind,
      CASE WHEN p.proname = 'array_recv' THEN t.typelem WHEN t.typtype = 'r' THEN rngsubtype
        WHEN t.typtype = 'm' THEN (SELECT rngtypid FROM pg_range WHERE rngmultitypid = t.oid)
        WHEN t.typtype = 'd' THEN t.typbasetype END AS inner_of
    FROM pg_type AS t LEFT JOIN pg_class AS c ON (c.oid = t.typrelid)
      LEFT JOIN pg_proc AS p ON p.oid = t.typreceive LEFT JOIN pg_range ON (pg_range.rngtypid = t.oid)) AS one
    LEFT JOIN pg_type AS inn ON inn.oid = inner_of LEFT JOIN pg_class AS innc ON (innc.oid = inn.typrelid)
    LEFT JOIN pg_proc AS innp ON innp.oid = inn.typreceive) AS ty
  JOIN pg_namespace AS ns ON (ns.oid = typnamespace)
WHERE (kind IN ('b', 'r', 'm', 'e', 'd') OR (kind = 'c' AND relkind = 'c')
    OR (kind = 'p' AND typname IN ('record', 'void', 'unknown'))
    OR (kind = 'a' AND (inner_kind IN ('b', 'r', 'm', 'e', 'd')
      OR (inner_kind = 'p' AND inner_name IN ('record', 'void', 'unknown'))
      OR (inner_kind = 'c' AND inner_relkind = 'c'))))
  AND typname IN ('int4', '_text', 'int4range', 'record', 'numeric')
ORDER BY CASE WHEN kind IN ('b', 'e', 'p') THEN 0 WHEN kind = 'r' THEN 1 WHEN kind = 'm' THEN 2
  WHEN kind = 'c' THEN 3 WHEN kind = 'd' AND inner_kind <> 'a' THEN 4 WHEN kind = 'a' THEN 5
  WHEN kind = 'd' AND inner_kind = 'a' THEN 6 END, ty.oid
;;
SELECT t.oid, a.attname, a.atttypid FROM pg_type AS t JOIN pg_namespace AS ns ON (ns.oid = t.typnamespace)
  JOIN pg_class AS c ON (c.oid = t.typrelid) JOIN pg_attribute AS a ON (a.attrelid = t.typrelid)
WHERE (t.typtype = 'c' AND c.relkind = 'c') AND attnum > 0 AND NOT attisdropped
ORDER BY t.oid, a.attnum
;;
SELECT pg_type.oid, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid ORDER BY oid, enumsortorder
;;
SELECT version(), current_schema(), session_user, pg_catalog.current_schemas(true)
;;
SELECT t.oid, t.*, c.relkind, pg_catalog.format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base_name,
  d.description
FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid = t.typelem
  LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
  LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid = d.objoid
WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c')
  AND (et.typcategory IS NULL OR et.typcategory <> 'C') AND t.typname = 'int8'
;;
SELECT c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS part,
  pg_catalog.pg_get_partkeydef(c.oid) AS part_key
FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d
  ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'aviation')
  AND c.relkind NOT IN ('i', 'I', 'c') ORDER BY c.relname
;;
SELECT c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value, dsc.description, dep.objid
FROM pg_catalog.pg_attribute a INNER JOIN pg_catalog.pg_class c ON (a.attrelid = c.oid)
  LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid = ad.adrelid AND a.attnum = ad.adnum)
  LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid)
  LEFT OUTER JOIN pg_depend dep ON dep.refobjid = a.attrelid AND dep.deptype = 'i'
    AND dep.refobjsubid = a.attnum AND dep.classid = dep.refclassid
WHERE NOT a.attisdropped AND c.relkind NOT IN ('i', 'I', 'c') AND c.oid = 'aviation.airports'::regclass
ORDER BY a.attnum
;;
SELECT c.oid, c.*, t.relname AS tabrelname, rt.relnamespace AS refnamespace, d.description,
  CASE WHEN c.contype = 'c' THEN substring(pg_get_constraintdef(c.oid), 7) ELSE NULL END AS source
FROM pg_catalog.pg_constraint c INNER JOIN pg_catalog.pg_class t ON t.oid = c.conrelid
  LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid = c.confrelid
  LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0
    AND d.classoid = 'pg_constraint'::regclass
WHERE c.conrelid = 'aviation.flights'::regclass ORDER BY c.oid
;;
SELECT db.oid, db.*, pg_catalog.shobj_description(db.oid, 'pg_database') AS description
FROM pg_catalog.pg_database db WHERE db.datname = 'mesh'
