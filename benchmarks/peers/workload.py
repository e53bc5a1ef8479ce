"""A workload directory (shared/workload/README.md): events, rules in several languages, what each event must match.

Names and types of fields, thresholds and scales are derived from the files; nothing here knows one workload.
"""
import decimal
import functools
import hashlib
import json
import pathlib
import re
import struct
import subprocess
import typing


class WorkloadError(Exception):
    pass


class Field(typing.NamedTuple):
    name: str
    type: str  # bool, int, double, string or strings


LEAVES = {"bool", "not", "icmp", "dcmp", "seq", "sin", "starts", "ends", "contains", "rx", "hash", "ratio"}

# How .cel writes what the prefix form calls ["ratio", OP, SCALED]: the divisor is guarded.
RATIO = re.compile(r"(\w+) > 0 && double\((\w+)\) / double\((\w+)\) (<=|>=|<|>|==|!=) (-?[0-9.]+)")


def type_of(value):
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "double"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "strings"
    raise WorkloadError(f"no engine here has a type for {value!r}")


class Workload:
    """`scratch` gets the files unpacked, in a folder named by their content."""

    def __init__(self, directory, scratch):
        self.directory = pathlib.Path(directory)
        packed = sorted(self.directory.glob("*.zst"))
        if not packed:
            raise WorkloadError(f"{directory}: no *.zst files")
        digest = hashlib.sha256()
        for path in packed:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        self.digest = digest.hexdigest()
        self.path = pathlib.Path(scratch) / self.digest[:16]
        self.path.mkdir(parents=True, exist_ok=True)
        for path in packed:
            target = self.path / path.name.removesuffix(".zst")
            if not target.exists():
                subprocess.run(["zstd", "-dqf", str(path), "-o", str(target)], check=True)
                target.chmod(0o644)
        self.sizes = sorted(int(p.stem.split("_")[1]) for p in self.path.glob("rules_*.json"))

    def lines(self, name):
        return self.path.joinpath(name).read_text(encoding="utf-8").rstrip("\n").split("\n")

    @functools.cached_property
    def events(self):
        return [json.loads(line) for line in self.lines("events.jsonl")]

    @functools.cached_property
    def fields(self):
        """In order of their first appearance; a field with one fraction anywhere is a double."""
        types = {}
        for number, event in enumerate(self.events, 1):
            if number > 1 and event.keys() != types.keys():
                raise WorkloadError(f"event {number} has other fields than those before")
            for name, value in event.items():
                seen = type_of(value)
                known = types.setdefault(name, seen)
                if known != seen and {known, seen} != {"int", "double"}:
                    raise WorkloadError(f"field `{name}` is {known} and {seen}")
                if seen == "double":
                    types[name] = seen
        return [Field(name, kind) for name, kind in types.items()]

    def expected(self, rules):
        """Cumulative (matches, checksum) after each event."""
        return [tuple(map(int, line.split(","))) for line in self.lines(f"expected_{rules}.csv")]

    def rules(self, rules):
        """The prefix form as tuples; a ratio is ("ratio", OP, numerator, denominator, threshold), true only if the
        denominator is positive."""
        trees = json.loads(self.path.joinpath(f"rules_{rules}.json").read_text(encoding="utf-8"))
        texts = self.lines(f"rules_{rules}.cel")
        if len(trees) != rules or len(texts) != rules:
            raise WorkloadError(f"rules_{rules}: {len(trees)} rules as JSON, {len(texts)} as CEL")
        scales = set()
        out = []
        for tree, text in zip(trees, texts):
            ratios = RATIO.findall(text)
            out.append(resolve(tree, ratios, scales))
            if ratios:
                raise WorkloadError(f"more ratios in CEL than in the prefix form: {text}")
        if len(scales) > 1:
            raise WorkloadError(f"ratios of several scales: {sorted(scales)}")
        return out

    def events_file(self):
        """The events as events.bin (write_events), for peers that have no JSON reader of their own."""
        path = self.path / "events.bin"
        if not path.exists():
            write_events(path, self.fields, self.events)
        return path


def resolve(tree, ratios, scales):
    """Takes the ratios that the CEL text has in the same order, for the names of their fields."""
    op = tree[0]
    if op in ("and", "or"):
        return (op, [resolve(child, ratios, scales) for child in tree[1]])
    if op not in LEAVES:
        raise WorkloadError(f"unknown predicate `{op}`")
    if op != "ratio":
        return tuple(tree)
    if not ratios:
        raise WorkloadError(f"a ratio that the CEL form does not have: {tree}")
    guard, numerator, denominator, comparison, threshold = ratios.pop(0)
    if guard != denominator or comparison != tree[1]:
        raise WorkloadError(f"{tree} is not the ratio that the CEL form has")
    scales.add(decimal.Decimal(tree[2]) / decimal.Decimal(threshold))
    return ("ratio", comparison, numerator, denominator, float(threshold))


def write_events(path, fields, events):
    """Little-endian: u64 events; then event by event, field by field: an i64 (also for a bool) or f64, a string as u32
    length and bytes, strings as u32 count and each."""

    def text(s):
        data = s.encode("utf-8")
        return struct.pack("<I", len(data)) + data

    pack = {
        "bool": lambda v: struct.pack("<q", v),
        "int": lambda v: struct.pack("<q", v),
        "double": lambda v: struct.pack("<d", v),
        "string": text,
        "strings": lambda v: struct.pack("<I", len(v)) + b"".join(map(text, v)),
    }
    packers = [(field.name, pack[field.type]) for field in fields]
    part = path.with_suffix(".part")
    with open(part, "wb") as f:
        f.write(struct.pack("<Q", len(events)))
        for event in events:
            f.write(b"".join(packer(event[name]) for name, packer in packers))
    part.rename(path)
