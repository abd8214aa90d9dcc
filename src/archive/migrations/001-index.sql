-- Everything the node must still know after a power cut. Times are milliseconds since 1970, UTC.
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  series_instance_uid TEXT NOT NULL UNIQUE,
  study_instance_uid TEXT NOT NULL,
  modality TEXT NOT NULL,
  -- what the rules look at, JSON, taken from the first instance
  description TEXT NOT NULL,
  calling_ae_title TEXT NOT NULL,
  first_received_at INTEGER NOT NULL,
  last_received_at INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'receiving'
    CHECK (state IN ('receiving', 'queued', 'findings', 'no-findings', 'not-analysed')),
  reason_code TEXT,
  reason_text TEXT,
  CHECK ((state = 'not-analysed') = (reason_code IS NOT NULL))
) STRICT;

CREATE TABLE instance (
  id INTEGER PRIMARY KEY,
  series_id INTEGER NOT NULL REFERENCES series (id),
  sop_instance_uid TEXT NOT NULL UNIQUE,
  sop_class_uid TEXT NOT NULL,
  transfer_syntax_uid TEXT NOT NULL,
  path TEXT NOT NULL UNIQUE,
  size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
  -- FrameGeometry[] as JSON; an empty list where the instance has no place in the patient
  frames TEXT NOT NULL,
  received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX instance_by_series ON instance (series_id);

-- A second object under a SOP Instance UID that is already here, with other bytes: acknowledged, so kept; never an input.
CREATE TABLE instance_copy (
  id INTEGER PRIMARY KEY,
  instance_id INTEGER NOT NULL REFERENCES instance (id),
  path TEXT NOT NULL UNIQUE,
  received_at INTEGER NOT NULL
) STRICT;

CREATE TABLE analysis (
  id INTEGER PRIMARY KEY,
  series_id INTEGER NOT NULL REFERENCES series (id),
  rule TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  bundle_sha256 TEXT NOT NULL,
  input_sha256 TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version > 0),
  supersedes_id INTEGER REFERENCES analysis (id),
  state TEXT NOT NULL CHECK (state IN ('findings', 'no-findings', 'not-analysed')),
  findings TEXT NOT NULL,
  folder TEXT NOT NULL,
  finished_at INTEGER NOT NULL,
  -- one input, one result
  UNIQUE (input_sha256, pipeline, bundle_sha256, version)
) STRICT;
CREATE INDEX analysis_by_series ON analysis (series_id);

CREATE TABLE result (
  id INTEGER PRIMARY KEY,
  analysis_id INTEGER NOT NULL REFERENCES analysis (id),
  kind TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  sop_class_uid TEXT NOT NULL,
  sop_instance_uid TEXT NOT NULL UNIQUE,
  series_instance_uid TEXT NOT NULL,
  transfer_syntax_uid TEXT NOT NULL,
  path TEXT NOT NULL UNIQUE,
  UNIQUE (analysis_id, kind, ordinal)
) STRICT;

CREATE TABLE delivered (
  result_id INTEGER NOT NULL REFERENCES result (id),
  destination TEXT NOT NULL,
  status INTEGER NOT NULL,
  delivered_at INTEGER NOT NULL,
  PRIMARY KEY (result_id, destination)
) STRICT, WITHOUT ROWID;
