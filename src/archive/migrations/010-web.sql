-- What the page shows of a study: who and when, for search. Patient data stay inside the data folder.
CREATE TABLE study (
  id INTEGER PRIMARY KEY,
  study_instance_uid TEXT NOT NULL UNIQUE,
  patient_name TEXT NOT NULL,
  patient_id TEXT NOT NULL,
  patient_birth_date TEXT NOT NULL,
  patient_sex TEXT NOT NULL,
  study_date TEXT NOT NULL,
  study_time TEXT NOT NULL,
  accession_number TEXT NOT NULL,
  study_description TEXT NOT NULL,
  study_id TEXT NOT NULL,
  referring_physician_name TEXT NOT NULL,
  -- lower case: name, id, accession number, description, study UID; what the search field looks into
  search_text TEXT NOT NULL,
  last_received_at INTEGER NOT NULL
) STRICT;
-- the whole search runs inside this index, newest first, and ends when a page is full
CREATE INDEX study_by_time ON study (last_received_at DESC, id DESC, study_instance_uid, search_text);
CREATE INDEX series_by_study ON series (study_instance_uid, state);
CREATE INDEX series_by_state ON series (state);
CREATE INDEX job_by_state ON job (state, kind);
CREATE INDEX job_by_key ON job (key);
CREATE INDEX analysis_by_time ON analysis (finished_at);
CREATE INDEX result_by_series ON result (series_instance_uid);

INSERT INTO study (study_instance_uid, patient_name, patient_id, patient_birth_date, patient_sex, study_date, study_time,
  accession_number, study_description, study_id, referring_physician_name, search_text, last_received_at)
SELECT study_instance_uid, '', '', '', '', '', '', '', '', '', '', study_instance_uid, max(last_received_at)
FROM series GROUP BY study_instance_uid;

CREATE TABLE user (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  role TEXT NOT NULL CHECK (role IN ('admin', 'reader')),
  -- scrypt with its parameters and salt
  password_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- The cookie itself is never stored, only its SHA-256: a copy of the index opens no session.
CREATE TABLE session (
  token_sha256 TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  user_agent_sha256 TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Tokens of other programs (a viewer, a monitoring system), sent as "Authorization: Bearer".
CREATE TABLE api_token (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  token_sha256 TEXT NOT NULL UNIQUE,
  scope TEXT NOT NULL CHECK (scope IN ('read', 'store', 'metrics')),
  created_at INTEGER NOT NULL
) STRICT;

-- The code that lets the first administrator in; the row goes with its use.
CREATE TABLE setup_code (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  code_sha256 TEXT NOT NULL
) STRICT;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  address TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('success', 'refused')),
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (at);

-- What a reader says of a result: one opinion a finding and reader, one rating a map and reader.
CREATE TABLE reading (
  id INTEGER PRIMARY KEY,
  analysis_id INTEGER NOT NULL REFERENCES analysis (id),
  -- 1-based number of the finding; 0 is the map as a whole
  finding INTEGER NOT NULL CHECK (finding >= 0),
  reader TEXT NOT NULL,
  opinion TEXT CHECK (opinion IN ('agree', 'disagree')),
  rating INTEGER CHECK (rating BETWEEN 1 AND 5),
  comment TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (analysis_id, finding, reader),
  CHECK ((finding = 0) = (rating IS NOT NULL)),
  CHECK ((finding > 0) = (opinion IS NOT NULL))
) STRICT;

-- Devices that called and were not known; an administrator adds or ignores them.
CREATE TABLE stranger (
  ae_title TEXT NOT NULL,
  host TEXT NOT NULL,
  calls INTEGER NOT NULL,
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (ae_title, host)
) STRICT, WITHOUT ROWID;
