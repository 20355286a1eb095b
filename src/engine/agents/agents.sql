-- What parties' agents work on, and by which tokens they and the parties' people are known.
CREATE TABLE IF NOT EXISTS threeshift.party_token (
  id text PRIMARY KEY,
  party text NOT NULL,
  role text NOT NULL CHECK (role IN ('agent', 'approver')),
  -- An agent's name, or who approves.
  name text NOT NULL,
  -- The migrations that it is good for; null: all.
  migrations text[],
  -- SHA-256 of the token, hex. The token itself has 256 random bits: nothing slower is needed.
  hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);

CREATE TABLE IF NOT EXISTS threeshift.agent_task (
  id text PRIMARY KEY,
  workflow text NOT NULL,
  migration text NOT NULL,
  party text NOT NULL,
  "row" text NOT NULL,
  verb text NOT NULL,
  generation integer NOT NULL,
  payload jsonb NOT NULL,
  -- waiting → leased → complete; leased → leased by another when the lease runs out; any but complete → withdrawn.
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'leased', 'complete', 'withdrawn')),
  requested_at timestamptz NOT NULL DEFAULT now(),
  -- How often it was leased.
  leases integer NOT NULL DEFAULT 0,
  -- Of the lease that counts, or counted last: SHA-256 of its token, whose it is, since its last sign of life, until when.
  lease_hash text,
  leased_by text REFERENCES threeshift.party_token,
  leased_at timestamptz,
  leased_until timestamptz,
  progress jsonb,
  -- SHA-256 of the outcome's canonical JSON. The outcome itself is in the message to the workflow.
  outcome_hash text,
  completed_at timestamptz
);
CREATE INDEX IF NOT EXISTS agent_task_open ON threeshift.agent_task (party, requested_at) WHERE state IN ('waiting', 'leased');
CREATE INDEX IF NOT EXISTS agent_task_leased ON threeshift.agent_task (migration) WHERE state = 'leased';
