--              enqueue                claim                  commit
--   (nothing) ---------> available ----------> running -------------> done
--                          ^   ^  due later      |  |  fails for good
--                          |   +-----------------+  +-------------> dead
--                          +---- lease ran out (rescue), shutdown
CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  -- jobs of one queue run one after another
  queue TEXT NOT NULL,
  -- at most one available job a key: enqueueing again moves its due time
  key TEXT NOT NULL,
  payload TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'available' CHECK (state IN ('available', 'running', 'done', 'dead')),
  due_at INTEGER NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  -- how often the process ended while the job ran; the job itself need not be to blame
  interruptions INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER,
  lease_token TEXT,
  last_error TEXT,
  created_at INTEGER NOT NULL,
  finished_at INTEGER,
  CHECK ((state = 'running') = (lease_until IS NOT NULL AND lease_token IS NOT NULL)),
  CHECK ((state IN ('done', 'dead')) = (finished_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX job_available_key ON job (key) WHERE state = 'available';
CREATE INDEX job_due ON job (queue, due_at) WHERE state = 'available';
CREATE INDEX job_running ON job (lease_until) WHERE state = 'running';
