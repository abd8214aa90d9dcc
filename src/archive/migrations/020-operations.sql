-- What the node did by itself: self-tests, backups, retention.
CREATE TABLE operation_run (
  id INTEGER PRIMARY KEY,
  task TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('success', 'failure')),
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX operation_run_by_task ON operation_run (task, id);

-- What a bundle found in a phantom the first time; later nights are compared with it.
CREATE TABLE self_test_baseline (
  bundle_sha256 TEXT NOT NULL,
  phantom TEXT NOT NULL,
  findings TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (bundle_sha256, phantom)
) STRICT, WITHOUT ROWID;

-- Readings outlive the studies they are about: evaluation needs them.
CREATE TABLE kept_reading (
  id INTEGER PRIMARY KEY,
  analysis_id INTEGER NOT NULL,
  finding INTEGER NOT NULL,
  reader TEXT NOT NULL,
  opinion TEXT,
  rating INTEGER,
  comment TEXT NOT NULL,
  at INTEGER NOT NULL,
  findings TEXT NOT NULL,
  pipeline TEXT NOT NULL
) STRICT;

-- Accounts of an OpenID provider: issuer and subject. Their password is random and known to nobody.
ALTER TABLE user ADD COLUMN oidc_subject TEXT;
CREATE UNIQUE INDEX user_by_oidc_subject ON user (oidc_subject) WHERE oidc_subject IS NOT NULL;

-- earlier studies of a patient, for comparison
CREATE INDEX study_by_patient ON study (patient_id, study_date);
