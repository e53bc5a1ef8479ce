"""DuckDB over the whole batch, one thread: duckdb_peer.py EVENTS.jsonl RULES.sql FIELDS, the names and types as JSON.

One aggregate a rule, a hundred rules a prepared query: the sum of (2^40 + number of the event) over its matches is both
their count and their part of the checksum. That was the fastest of the ways tried (FILTER; two aggregates; sums along
rows; a thousand rules a query).
"""
import json
import sys

import duckdb

import protocol

CHUNK = 100
COUNT_SHIFT = 40

# Declared, as a guess would take texts that look like dates or UUIDs for such.
TYPES = {"bool": "BOOLEAN", "int": "BIGINT", "double": "DOUBLE", "string": "VARCHAR", "strings": "VARCHAR[]"}


def main():
    events_path, rules_path, fields = sys.argv[1:]
    columns = ", ".join(f"'{name}': '{TYPES[kind]}'" for name, kind in json.loads(fields))
    db = duckdb.connect()
    db.execute("SET threads = 1")
    db.execute(
        "CREATE TABLE events AS SELECT row_number() OVER () AS event_number, *"
        f" FROM read_json('{events_path}', format = 'newline_delimited', columns = {{{columns}}})"
    )
    events = db.execute("SELECT count(*) FROM events").fetchone()[0]
    with open(rules_path, encoding="utf-8") as f:
        texts = f.read().rstrip("\n").split("\n")
    starts = range(0, len(texts), CHUNK)

    def load():
        for start in starts:
            sums = ", ".join(
                f"sum_no_overflow(CASE WHEN {text} THEN event_number + {1 << COUNT_SHIFT} ELSE 0 END)"
                for text in texts[start : start + CHUNK]
            )
            db.execute(f"PREPARE rules_{start} AS SELECT {sums} FROM events WHERE event_number <= $1")

    def evaluate(count):
        matches = checksum = 0
        for start in starts:
            row = db.execute(f"EXECUTE rules_{start}({count})").fetchone()
            for number, value in enumerate(row, start + 1):
                matches += int(value) >> COUNT_SHIFT
                checksum += number * (int(value) & ((1 << COUNT_SHIFT) - 1))
        return matches, checksum

    protocol.serve(events, load, evaluate)


main()
