"""polars over the whole batch, one thread: polars_peer.py EVENTS.jsonl RULES.polars.

Rules are evaluated as boolean columns, a thousand a query, through the lazy engine, which computes a shared expression
once; that was the fastest of the ways tried (eager select; aggregation within the query).
"""
import os
import sys

os.environ["POLARS_MAX_THREADS"] = "1"

import polars  # noqa: E402

import protocol  # noqa: E402

CHUNK = 1_000


class Columns:
    def __getitem__(self, name):
        return polars.col(name)


def main():
    events_path, rules_path = sys.argv[1:]
    frame = polars.read_ndjson(events_path, infer_schema_length=None)
    with open(rules_path, encoding="utf-8") as f:
        texts = f.read().rstrip("\n").split("\n")
    names = {"C": Columns(), "F64": polars.Float64, "pl": polars}
    rules = []

    def load():
        rules.extend(eval(text, names).alias(str(number)) for number, text in enumerate(texts, 1))

    def evaluate(count):
        events = (frame if count == frame.height else frame.head(count)).lazy()
        matches = checksum = 0
        for first in range(0, len(rules), CHUNK):
            columns = events.select(rules[first : first + CHUNK]).collect().get_columns()
            for number, column in enumerate(columns, first + 1):
                if n := column.sum():
                    matches += n
                    checksum += number * (column.arg_true().sum() + n)
        return matches, checksum

    protocol.serve(frame.height, load, evaluate)


main()
