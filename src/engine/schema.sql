-- What the engine itself remembers, beside the tables of DBOS in the same database. Run under an advisory lock; runs again without effect.
CREATE SCHEMA IF NOT EXISTS threeshift;

CREATE TABLE IF NOT EXISTS threeshift.migrations (
  id text PRIMARY KEY,
  customer text NOT NULL,
  settings jsonb NOT NULL,
  plan jsonb NOT NULL,
  gates jsonb NOT NULL,
  agents text[] NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- One run of the workflow; a rewind, a rollback and a resumed cancellation begin the next one.
  generation integer NOT NULL DEFAULT 1,
  requested_by jsonb NOT NULL,
  -- Null: forward. Else the row down to which everything is undone.
  back_to text,
  control text NOT NULL DEFAULT 'run' CHECK (control IN ('run', 'paused', 'cancelled')),
  -- Who paused or cancelled, when and why.
  control_deed jsonb,
  ended text CHECK (ended IN ('done', 'rolled-back')),
  ended_at timestamptz
);

-- How long the outage is forecast to be; null: nobody has said.
ALTER TABLE threeshift.migrations ADD COLUMN IF NOT EXISTS forecast jsonb;

CREATE TABLE IF NOT EXISTS threeshift.rows (
  migration text NOT NULL REFERENCES threeshift.migrations ON DELETE CASCADE,
  id text NOT NULL,
  position integer NOT NULL,
  state jsonb NOT NULL DEFAULT '{"kind":"waiting"}',
  -- Executions of verbs of this row, ever.
  attempt integer NOT NULL DEFAULT 0,
  -- Whether an apply has begun, so that there may be something to undo.
  touched boolean NOT NULL DEFAULT false,
  facts jsonb NOT NULL DEFAULT '{}',
  progress jsonb,
  -- The question that is open or was answered in this generation.
  ask bigint,
  PRIMARY KEY (migration, id)
);

-- What was shown when somebody was asked.
CREATE TABLE IF NOT EXISTS threeshift.asks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  migration text NOT NULL REFERENCES threeshift.migrations ON DELETE CASCADE,
  row_id text NOT NULL,
  generation integer NOT NULL,
  explanation jsonb NOT NULL,
  digest text NOT NULL,
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS threeshift.approvals (
  ask bigint NOT NULL REFERENCES threeshift.asks ON DELETE CASCADE,
  -- A person, as the gate counts them.
  person text NOT NULL,
  party text NOT NULL,
  name text NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('approved', 'rejected')),
  reason text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (ask, person)
);

-- Processes that run workflows. Alive is who holds the advisory lock of its id and whose beat grows.
CREATE TABLE IF NOT EXISTS threeshift.executors (
  id text PRIMARY KEY,
  beat bigint NOT NULL DEFAULT 0,
  backend integer NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
