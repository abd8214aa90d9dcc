-- A third ending: aborted by the sender, between objects. SQLite cannot change a CHECK: the table is made anew.
CREATE TABLE carrier_anew (
  series_instance_uid TEXT NOT NULL,
  association TEXT NOT NULL,
  -- the first image of this series on it
  began_at INTEGER NOT NULL,
  -- cut-off: the line, or the node, ended it; aborted: the sender did, between objects; silent: it sent nothing for so long that we closed it
  ending TEXT CHECK (ending IN ('cut-off', 'aborted', 'silent')),
  ended_at INTEGER,
  CHECK ((ending IS NULL) = (ended_at IS NULL)),
  PRIMARY KEY (series_instance_uid, association)
) STRICT, WITHOUT ROWID;
INSERT INTO carrier_anew SELECT series_instance_uid, association, began_at, ending, ended_at FROM carrier;
DROP TABLE carrier;
ALTER TABLE carrier_anew RENAME TO carrier;
CREATE INDEX carrier_by_association ON carrier (association);
