-- Which association brings images of a series, while it is open, and how it ended where that was not by a release.
CREATE TABLE carrier (
  series_instance_uid TEXT NOT NULL,
  association TEXT NOT NULL,
  -- the first image of this series on it
  began_at INTEGER NOT NULL,
  -- cut-off: the sender may have had more; silent: it sent nothing for so long that we closed it
  ending TEXT CHECK (ending IN ('cut-off', 'silent')),
  ended_at INTEGER,
  CHECK ((ending IS NULL) = (ended_at IS NULL)),
  PRIMARY KEY (series_instance_uid, association)
) STRICT, WITHOUT ROWID;
CREATE INDEX carrier_by_association ON carrier (association);

-- Instances that were announced and not kept (refused, or broken off midway). Gone once they came.
CREATE TABLE awaited_instance (
  sop_instance_uid TEXT NOT NULL,
  series_instance_uid TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (sop_instance_uid, series_instance_uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX awaited_instance_by_series ON awaited_instance (series_instance_uid);
