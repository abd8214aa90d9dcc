-- A result that a destination was never sent any part of, because a newer one of the same series replaced it first.
CREATE TABLE superseded_delivery (
  analysis_id INTEGER NOT NULL REFERENCES analysis (id),
  destination TEXT NOT NULL,
  by_analysis_id INTEGER NOT NULL REFERENCES analysis (id),
  at INTEGER NOT NULL,
  PRIMARY KEY (analysis_id, destination)
) STRICT, WITHOUT ROWID;
