CREATE SCHEMA IF NOT EXISTS threeshift;
COMMENT ON SCHEMA threeshift IS 'Account of a copy made by Threeshift; may be dropped when the migration is signed off';

-- One row: the copy that filled this database. finished_at is NULL while it runs or when it was cut off.
CREATE TABLE IF NOT EXISTS threeshift.copy (
  id          boolean PRIMARY KEY DEFAULT true CHECK (id),
  source      text NOT NULL,
  snapshot    text NOT NULL,
  -- Where the source's log stood, if it told: what is carried over later begins there.
  position    text,
  -- SHA-256 of everything that decides what is written: only the very same copy may be gone on with.
  plan        text NOT NULL,
  started_at  timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  -- The transaction that ended it: rows with a newer one were written by somebody else.
  ended_by    bigint
);

-- A row per table; made says that the copy created it, so that the next one may drop it. rows and digest are of what was
-- sent, and NULL until the table is whole; reread says that it was read back and was the same.
CREATE TABLE IF NOT EXISTS threeshift.copied_table (
  table_name text PRIMARY KEY,
  made       boolean NOT NULL,
  rows       bigint,
  digest     text,
  reread     boolean NOT NULL DEFAULT false
);

-- A row per part of a table, in the order of the primary key; committed together with its rows.
CREATE TABLE IF NOT EXISTS threeshift.copied_range (
  table_name text NOT NULL,
  number     integer NOT NULL,
  -- Bounds and the last key that is in, a field's bytes each as the source sent them; NULL: open, or none yet.
  after_key  bytea[],
  up_to_key  bytea[],
  last_key   bytea[],
  -- Whether the table is read in the order of its key; otherwise it is in as a whole or not at all.
  keyed      boolean NOT NULL,
  complete   boolean NOT NULL DEFAULT false,
  rows       bigint NOT NULL DEFAULT 0,
  bytes      bigint NOT NULL DEFAULT 0,
  -- Sum over the tuples that were sent, and over the source's rows that were set aside.
  sent       text NOT NULL,
  aside_rows bigint NOT NULL DEFAULT 0,
  aside      text NOT NULL,
  findings   jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (table_name, number)
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
