-- A row per cell that was renamed, with what was there before.
CREATE SCHEMA IF NOT EXISTS threeshift;
CREATE TABLE IF NOT EXISTS threeshift.renamed_host (
  from_domain text NOT NULL,
  to_domain   text NOT NULL,
  table_name  text NOT NULL,
  column_name text NOT NULL,
  id          bigint NOT NULL,
  before      text NOT NULL,
  after       text NOT NULL,
  PRIMARY KEY (from_domain, to_domain, table_name, column_name, id)
);
