-- A result that a destination does not take, and what goes there instead.
CREATE TABLE given_up (
  analysis_id INTEGER NOT NULL REFERENCES analysis (id),
  destination TEXT NOT NULL,
  kind TEXT NOT NULL,
  instead TEXT NOT NULL,
  why TEXT NOT NULL,
  given_up_at INTEGER NOT NULL,
  PRIMARY KEY (analysis_id, destination, kind)
) STRICT, WITHOUT ROWID;

ALTER TABLE delivered ADD COLUMN transfer_syntax_uid TEXT;
-- when the destination took responsibility for it; only where storage commitment is asked for
ALTER TABLE delivered ADD COLUMN committed_at INTEGER;

-- One N-ACTION each, under a Transaction UID of its own:
--   asking (written before the peer is asked) -> asked -> reported | expired
--                                              -> refused
CREATE TABLE commitment (
  transaction_uid TEXT PRIMARY KEY,
  analysis_id INTEGER NOT NULL REFERENCES analysis (id),
  destination TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('asking', 'asked', 'reported', 'refused', 'expired')),
  asked_at INTEGER NOT NULL,
  -- without a report until then, it has failed
  due_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX commitment_by_analysis ON commitment (analysis_id, destination);

CREATE TABLE commitment_instance (
  transaction_uid TEXT NOT NULL REFERENCES commitment (transaction_uid),
  result_id INTEGER NOT NULL REFERENCES result (id),
  -- Failure Reason (0008,1197) of the report
  failure_reason INTEGER,
  PRIMARY KEY (transaction_uid, result_id)
) STRICT, WITHOUT ROWID;

-- Fetched by us for comparison, or routed to us to be analysed.
ALTER TABLE series ADD COLUMN origin TEXT NOT NULL DEFAULT 'routed' CHECK (origin IN ('routed', 'prior'));
