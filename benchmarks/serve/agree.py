"""agree.py PORT_WEIR PORT_OPA FOLDER: fails unless both servers name the same rules on every event."""
import http.client
import json
import pathlib
import sys


def answers(port, path, bodies):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for body in bodies.read_text().splitlines():
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        yield json.loads(connection.getresponse().read())


folder, hits = pathlib.Path(sys.argv[3]), 0
pairs = zip(answers(int(sys.argv[1]), "/v1/evaluate", folder / "weir.jsonl"), answers(int(sys.argv[2]), "/v1/data/weir/fired", folder / "opa.jsonl"))
for number, (weir, opa) in enumerate(pairs, 1):
    ours, theirs = sorted(h["id"] for h in weir["hits"]), sorted(opa["result"])
    hits += len(ours)
    if ours != theirs:
        sys.exit(f"event {number}: weir {ours}, OPA {theirs}")
print(f"agree on {number} events, {hits} hits")
