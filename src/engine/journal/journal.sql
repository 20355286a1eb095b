-- The journal: one chain of records per migration. `record` is the canonical text that was hashed and signed, and the only
-- thing that is true; the other columns are there to find it.
CREATE SCHEMA IF NOT EXISTS threeshift;

-- One row per chain: where it ends. Whoever appends locks it.
CREATE TABLE IF NOT EXISTS threeshift.journal_head (
  migration text PRIMARY KEY,
  seq bigint NOT NULL,
  hash text NOT NULL
);

CREATE TABLE IF NOT EXISTS threeshift.journal_record (
  migration text NOT NULL REFERENCES threeshift.journal_head,
  seq bigint NOT NULL,
  -- Null for records that the journal adds by itself.
  entry_key text,
  kind text NOT NULL,
  record text NOT NULL,
  PRIMARY KEY (migration, seq),
  UNIQUE (migration, entry_key)
);

-- The key of each holder that a chain knows last.
CREATE TABLE IF NOT EXISTS threeshift.journal_key (
  migration text NOT NULL REFERENCES threeshift.journal_head,
  holder text NOT NULL,
  public_key text NOT NULL,
  PRIMARY KEY (migration, holder)
);

-- Each party's keys as its agent has presented them: for one migration, or ('*') for all that have none of their own.
CREATE TABLE IF NOT EXISTS threeshift.party_key (
  migration text NOT NULL,
  holder text NOT NULL,
  lineage jsonb NOT NULL,
  PRIMARY KEY (migration, holder)
);
