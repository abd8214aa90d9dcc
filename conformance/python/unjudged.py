"""How many series of an index still wait for a judgement or an analysis."""

import sqlite3
import sys

index = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
print(index.execute("SELECT count(*) FROM series WHERE state IN ('receiving', 'queued')").fetchone()[0])
