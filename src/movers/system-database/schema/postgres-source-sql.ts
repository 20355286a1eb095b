/*
 * What is asked of a PostgreSQL source's catalogs beyond what the target's are asked (read-postgres-catalog.ts).
 *
 * Versions from 10 on; source of truth: PostgreSQL manual, "System Catalogs", in each version. Tables are those of schema
 * `public` that belong to no extension and are no partition.
 */

const tableIs = `n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')`
const tableOf = `pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace`
const ownedSequence = `pg_depend p JOIN pg_class s ON s.oid = p.objid AND s.relkind = 'S' AND p.deptype IN ('a', 'i')
  AND p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass`

export const tablesSql = `SELECT c.relname, c.relkind, greatest(c.reltuples, 0)::bigint, pg_table_size(c.oid),
    has_table_privilege(c.oid, 'SELECT'), row_security_active(c.oid),
    (SELECT min(s.relname) FROM ${ownedSequence} WHERE p.refobjid = c.oid
      AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'SELECT') END)
  FROM ${tableOf} WHERE ${tableIs} ORDER BY 1`

/** The snapshot's catalog tells which file it would read; the function, which one there is. */
export const rewrittenSql = `SELECT c.relname FROM ${tableOf}
  WHERE ${tableIs} AND c.relkind = 'r' AND c.relfilenode <> pg_relation_filenode(c.oid) LIMIT 1`

/** Defaults that need something of the source's own; a sequence that belongs to the column is none. */
const needySql = `SELECT d.adrelid, d.adnum FROM pg_attrdef d
  JOIN pg_depend u ON u.classid = 'pg_attrdef'::regclass AND u.objid = d.oid
  WHERE NOT (u.refclassid = 'pg_class'::regclass AND u.refobjid = d.adrelid)
    AND NOT EXISTS (SELECT FROM ${ownedSequence} WHERE s.oid = u.refobjid AND p.refobjid = d.adrelid AND p.refobjsubid = d.adnum)`

/**
 * Built-in types only, and of these none that stands for another thing of its database (regclass) or that a setting of it
 * gives its meaning (money). An array is judged by its elements. The last column: what stands as the default is not
 * carried, for it needs something of the source's own or is a generated column's expression.
 */
export const columnsSql = (major: number) => {
  const generated = major < 12 ? 'false' : `a.attgenerated <> ''`
  return `SELECT c.relname, a.attname, e.typname,
    e.typtype IN ('b', 'r', 'm') AND e.typsend <> 0 AND e.typreceive <> 0 AND e.typname !~ '^reg' AND e.typname <> 'money'
      AND tn.nspname = 'pg_catalog'
      AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_type'::regclass AND x.objid = e.oid AND x.deptype = 'e'),
    ${generated},
    ${generated} OR (c.oid, a.attnum) IN (${needySql})
  FROM ${tableOf} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
  JOIN pg_namespace tn ON tn.oid = t.typnamespace
  WHERE ${tableIs}`
}

/** Indexes that are broken, belong to another constraint than a unique one, or need something of the source's own. */
export const strangersSql = (major: number) => `SELECT c.relname, i.relname
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN ${tableOf} ON c.oid = x.indrelid
  WHERE ${tableIs} AND NOT x.indisprimary AND (NOT x.indisvalid
    OR EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype = 'x')
    OR EXISTS (SELECT FROM pg_depend u WHERE u.classid = 'pg_class'::regclass AND u.objid = i.oid AND u.deptype = 'n'
      AND NOT (u.refclassid = 'pg_class'::regclass AND u.refobjid = c.oid)
      AND NOT (u.refclassid = 'pg_collation'::regclass AND u.refobjid IN
        (SELECT oid FROM pg_collation WHERE collnamespace = 'pg_catalog'::regnamespace))))
  UNION ALL SELECT c.relname, k.conname FROM pg_constraint k JOIN ${tableOf} ON c.oid = k.conrelid
  LEFT JOIN pg_class f ON f.oid = k.confrelid
  WHERE ${tableIs} AND k.contype = 'f' AND (f.relnamespace <> c.relnamespace OR f.relispartition
    ${major < 11 ? '' : 'OR k.conparentid <> 0'})`

const reason = (kind: string, name: string, format: string, ...of: readonly string[]) =>
  `SELECT '${kind}', ${name}, format('${format}', ${of.join(', ')})`

/** True of what belongs to no extension. */
const isOwn = (catalog: string, object: string) =>
  `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${catalog}'::regclass AND e.objid = ${object}.oid AND e.deptype = 'e')`

/** Rows of kind, name and sentence. */
export const notesSql = (major: number) => {
  const inPublic = `n.nspname = 'public'`
  const column = `${tableOf} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`
  const constraint = `pg_constraint k JOIN ${tableOf} ON c.oid = k.conrelid`
  return [
    `${reason('relation', 'c.relname', 'The %s %s is not carried.', `CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END`, 'c.relname')}
      FROM ${tableOf} WHERE ${inPublic} AND c.relkind IN ('v', 'm', 'f') AND ${isOwn('pg_class', 'c')}`,
    `${reason('relation', 'c.relname', 'The sequence %s belongs to no column and is not carried.', 'c.relname')}
      FROM ${tableOf} WHERE ${inPublic} AND c.relkind = 'S' AND ${isOwn('pg_class', 'c')} AND NOT EXISTS (
        SELECT FROM pg_depend p WHERE p.classid = 'pg_class'::regclass AND p.objid = c.oid AND p.deptype IN ('a', 'i'))`,
    `${reason('relation', 's.relname', 'The sequence %s counts up by one on the target; at the source it does not.', 's.relname')}
      FROM ${ownedSequence} JOIN pg_sequence q ON q.seqrelid = s.oid JOIN ${tableOf} ON c.oid = p.refobjid
      WHERE ${tableIs} AND (q.seqincrement <> 1 OR q.seqcycle OR q.seqmin > 1)`,
    `${reason('relation', 'c.relname', 'The table %s is partitioned; its rows go into one table.', 'c.relname')}
      FROM ${tableOf} WHERE ${tableIs} AND c.relkind = 'p'`,
    `${reason('relation', 'c.relname', 'The table %s inherits from another; on the target it is a table of its own.', 'c.relname')}
      FROM ${tableOf} WHERE ${tableIs} AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid)`,
    `${reason('relation', 'c.relname', 'The table %s is not logged at the source; on the target it is.', 'c.relname')}
      FROM ${tableOf} WHERE ${tableIs} AND c.relpersistence <> 'p'`,
    `${reason('relation', 'c.relname', 'The row security of %s is not carried.', 'c.relname')}
      FROM ${tableOf} WHERE ${tableIs} AND c.relrowsecurity`,
    `${reason('column', 'a.attname', '%s.%s is a generated column; its values are carried, its expression is not.', 'c.relname', 'a.attname')}
      FROM ${column} WHERE ${tableIs} AND ${major < 12 ? 'false' : `a.attgenerated <> ''`}`,
    `${reason('column', 'a.attname', '%s.%s is an identity column; on the target its default is the next of its sequence.', 'c.relname', 'a.attname')}
      FROM ${column} WHERE ${tableIs} AND a.attidentity <> ''`,
    `${reason('column', 'a.attname', 'The default of %s.%s needs something of the source and is not carried.', 'c.relname', 'a.attname')}
      FROM ${column} WHERE ${tableIs} AND (c.oid, a.attnum) IN (${needySql})`,
    `${reason('column', 'a.attname', 'The collation of %s.%s is not carried.', 'c.relname', 'a.attname')}
      FROM ${column} JOIN pg_type t ON t.oid = a.atttypid WHERE ${tableIs} AND a.attcollation <> t.typcollation`,
    `${reason('constraint', 'k.conname', 'The %s constraint %s of %s is not carried.', `CASE k.contype WHEN 'c' THEN 'check' ELSE 'exclusion' END`, 'k.conname', 'c.relname')}
      FROM ${constraint} WHERE ${tableIs} AND k.contype IN ('c', 'x')`,
    `${reason('constraint', 'k.conname', 'The unique constraint %s of %s becomes a unique index.', 'k.conname', 'c.relname')}
      FROM ${constraint} WHERE ${tableIs} AND k.contype = 'u'`,
    `${reason('constraint', 'k.conname', 'The constraint %s of %s is checked at once on the target.', 'k.conname', 'c.relname')}
      FROM ${constraint} WHERE ${tableIs} AND k.condeferrable`,
    `${reason('constraint', 'k.conname', 'The foreign key %s of %s was not checked at the source; on the target it is.', 'k.conname', 'c.relname')}
      FROM ${constraint} WHERE ${tableIs} AND k.contype = 'f' AND NOT k.convalidated`,
    `${reason('constraint', 'k.conname', 'The foreign key %s of %s matches in another way on the target (MATCH SIMPLE, all columns set).', 'k.conname', 'c.relname')}
      FROM ${constraint} WHERE ${tableIs} AND k.contype = 'f' AND (k.confmatchtype <> 's'${major < 15 ? '' : ' OR k.confdelsetcols IS NOT NULL'})`,
    `SELECT 'index or key', stranger, format('%s of %s cannot be made on the target and is not carried.', stranger, of_table)
      FROM (${strangersSql(major)}) AS strangers (of_table, stranger)`,
    `${reason('trigger', 't.tgname', 'The trigger %s of %s is not carried.', 't.tgname', 'c.relname')}
      FROM pg_trigger t JOIN ${tableOf} ON c.oid = t.tgrelid WHERE ${inPublic} AND NOT c.relispartition AND NOT t.tgisinternal`,
    `${reason('rule', 'r.rulename', 'The rule %s of %s is not carried.', 'r.rulename', 'c.relname')}
      FROM pg_rewrite r JOIN ${tableOf} ON c.oid = r.ev_class WHERE ${tableIs}`,
    `${reason('routine', 'f.proname', 'The routine %s is not carried.', 'f.proname')}
      FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace WHERE ${inPublic} AND ${isOwn('pg_proc', 'f')}`,
    `${reason('extension', 'x.extname', 'The extension %s is not carried.', 'x.extname')}
      FROM pg_extension x WHERE x.extname <> 'plpgsql'`,
    `${reason('schema', 'n.nspname', 'The schema %s is not carried.', 'n.nspname')}
      FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('public', 'information_schema', 'threeshift')`,
    `SELECT 'large objects', '', 'Large objects are not carried.' WHERE EXISTS (SELECT FROM pg_largeobject_metadata)`,
  ].join('\n    UNION ALL ')
}
