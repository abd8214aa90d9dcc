"""What became of every series of an index, as JSON: its UID, state, reason, and the rule and pipeline that read it."""

import json
import sqlite3
import sys

index = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
rows = index.execute(
    "SELECT s.series_instance_uid, s.description, s.state, s.reason_code, s.reason_text, a.pipeline, a.findings "
    "FROM series s LEFT JOIN analysis a ON a.series_id = s.id"
)
print(json.dumps([
    {"uid": uid, "description": json.loads(traits)["seriesDescription"], "imageType": json.loads(traits)["imageType"], "state": state,
     "code": code, "text": text, "pipeline": pipeline, "findings": json.loads(findings)["findings"] if findings else []}
    for uid, traits, state, code, text, pipeline, findings in rows
]))
