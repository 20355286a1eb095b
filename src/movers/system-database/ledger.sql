CREATE SCHEMA IF NOT EXISTS threeshift;
COMMENT ON SCHEMA threeshift IS 'Account of a copy made by Threeshift; may be dropped when the migration is signed off';

-- One row: the copy that filled this database. finished_at is NULL while it runs or when it was cut off.
CREATE TABLE IF NOT EXISTS threeshift.copy (
  id          boolean PRIMARY KEY DEFAULT true CHECK (id),
  source      text NOT NULL,
  snapshot    text NOT NULL,
  started_at  timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  -- The transaction that ended it: rows with a newer one were written by somebody else.
  ended_by    bigint
);

-- A row per table; made says that the copy created it, so that the next one may drop it.
CREATE TABLE IF NOT EXISTS threeshift.copied_table (
  table_name text PRIMARY KEY,
  made       boolean NOT NULL,
  rows       bigint,
  digest     text
);

-- A row per cell that is different here, with what it was at the source.
CREATE TABLE IF NOT EXISTS threeshift.changed_value (
  table_name   text NOT NULL,
  source_key   bytea NOT NULL,
  target_key   bytea NOT NULL,
  column_name  text NOT NULL,
  reason       text NOT NULL,
  action       text NOT NULL,
  source_value bytea NOT NULL,
  target_value bytea
);

-- A row per row that was set aside; cells is a JSON object of column to hexadecimal bytes as the source sent them.
CREATE TABLE IF NOT EXISTS threeshift.row_set_aside (
  table_name  text NOT NULL,
  source_key  bytea NOT NULL,
  column_name text NOT NULL,
  reason      text NOT NULL,
  cells       jsonb NOT NULL
);
