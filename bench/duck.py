# Runs statements in DuckDB: a line of JSON is a statement, the line that answers has its rows or its error.
import json
import sys

import duckdb

db = duckdb.connect()
db.execute("SET enable_progress_bar = false")  # it is printed where the answers are
for line in sys.stdin:
    try:
        rows = [["" if v is None else str(v) for v in row] for row in db.execute(json.loads(line)).fetchall()]
        answer = {"Rows": ["|".join(row) for row in rows]}
    except duckdb.Error as e:
        answer = {"Error": str(e)}
    print(json.dumps(answer), flush=True)
