-- What stands in a target after a move, whatever schema it went to: one row per table of the source.
SELECT
  c.relname AS name,
  c.oid::regclass::text AS relation,
  pg_total_relation_size(c.oid)::float8 AS bytes,
  (SELECT count(*)::int FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid) AS indexes,
  (SELECT count(*)::int FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p') AS primary_keys,
  (SELECT count(*)::int FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.convalidated) AS foreign_keys,
  pg_get_serial_sequence(c.oid::regclass::text, 'id') AS sequence,
  (SELECT json_object_agg(a.attname, format_type(a.atttypid, a.atttypmod))
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS types
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'threeshift')
ORDER BY c.relname
