#!/usr/bin/env python3
"""agreement_test.py SOURCE WEIR_PEER SCRATCH: benchmarks/peers/run on workloads of other seeds, fields and sizes."""
import json
import pathlib
import subprocess
import sys
import tempfile

SOURCE, WEIR_PEER, SCRATCH = sys.argv[1:]
PEERS = pathlib.Path(SOURCE) / "benchmarks" / "peers"
ENGINES = ["weir-interpreter", "weir-native", "weir-batch", "c", "c-rule-order"]


def make_workload(directory, seed):
    sizes = [20, 130] if seed == 7 else [20]
    subprocess.run(
        [sys.executable, PEERS / "make_workload.py", "--seed", str(seed), "--events", "300",
         "--rules", ",".join(map(str, sizes)), directory], check=True)
    return sizes


def run(directory, engines, *options):
    with tempfile.NamedTemporaryFile() as report:
        status = subprocess.run(
            [sys.executable, PEERS / "run", "--work", directory, "--only", ",".join(engines), "--quick", "--weir-peer", WEIR_PEER,
             "--build", pathlib.Path(SCRATCH) / "peers", "--json", report.name, *options],
            stdout=subprocess.DEVNULL).returncode
        return status, json.load(report)


def available():
    """This build may have no native tier."""
    with tempfile.TemporaryDirectory() as directory:
        make_workload(directory, 1)
        _, report = run(directory, ENGINES[:3], "--rules", "20")
        errors = {e["name"]: e["results"][0]["error"] for e in report["engines"]}
        return [name for name in ENGINES if "no tier" not in (errors.get(name) or "")]


def expect(condition, what):
    if not condition:
        sys.exit(f"agreement_test: {what}")


def main():
    engines = available()
    for seed in (7, 8):
        with tempfile.TemporaryDirectory() as directory:
            sizes = make_workload(directory, seed)
            status, report = run(directory, engines)
            expect(status == 0, f"seed {seed}: status {status}")
            figures = [r["ns_per_event"] for e in report["engines"] for r in e["results"]]
            expect(len(figures) == len(sizes) * len(engines) and all(figures), f"seed {seed}: figures {figures}")

            # A wrong last line: no engine may get a figure.
            path = pathlib.Path(directory) / "expected_20.csv.zst"
            lines = subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout.decode().splitlines()
            matches, checksum = map(int, lines[-1].split(","))
            lines[-1] = f"{matches},{checksum + 1}"
            subprocess.run(["zstd", "-qf", "-", "-o", path], input="\n".join(lines).encode() + b"\n", check=True)
            status, report = run(directory, engines, "--rules", "20")
            expect(status == 1, f"seed {seed}, wrong expectation: status {status}")
            results = [e["results"][0] for e in report["engines"]]
            expect(all(r["disagrees"] and r["ns_per_event"] is None for r in results), f"seed {seed}: {results}")


main()
