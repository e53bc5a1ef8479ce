"""The workload as wirefilter takes it: 32-bit ints for doubles, text joined for lists, the ratio a field of its own.

The scales are those that the .wf form's names tell: `NAME_eK` is the field NAME times 10^K, or the ratio where no
field is called NAME.
"""
import fractions
import pathlib
import re
import shutil
import subprocess

from workload import Field, WorkloadError, write_events

HERE = pathlib.Path(__file__).resolve().parent / "wirefilter_peer"

SCALED = re.compile(r"\b(\w+)_e(\d+)\b (<=|>=|<|>|==|!=) ")
ANY = re.compile(r'\bany\((\w+)\[\*\] == "((?:[^"\\]|\\.)*)"\)')
TYPES = {"bool": "Bool", "int": "Int", "string": "Bytes"}
INT_MAX = 2**31 - 1


def separator(events, lists):
    """A character that no element has."""
    used = {c for event in events for name in lists for item in event[name] for c in item}
    return next(c for c in map(chr, range(1, 128)) if c not in used and c not in '"\\')


def rounding(name, comparisons):
    """A fraction lies on the same side of an integer if it is rounded down for < and >=, up for > and <=."""
    down, up = comparisons & {"<", ">="}, comparisons & {">", "<="}
    exact = comparisons & {"==", "!="}

    def rounded(value):
        whole = value.numerator // value.denominator
        if value.denominator == 1:
            return whole
        if exact or (down and up):
            raise WorkloadError(f"`{name}` has finer fractions than its scale, and comparisons {sorted(comparisons)}")
        return whole + bool(up)

    return rounded


def translate(workload, rules):
    """[events, rules, fields]: files for wirefilter_peer."""
    text = "\n".join(workload.lines(f"rules_{rules}.wf"))
    types = {f.name: f.type for f in workload.fields}
    lists = [f.name for f in workload.fields if f.type == "strings"]
    join = separator(workload.events, lists) if lists else ""
    scaled = {}  # name in .wf -> base, exponent, comparisons
    for base, exponent, comparison in SCALED.findall(text):
        name = f"{base}_e{exponent}"
        if name not in types:
            scaled.setdefault(name, (base, int(exponent), set()))[2].add(comparison)
    pairs = {(node[2], node[3]) for rule in workload.rules(rules) for node in ratios(rule)}
    if len(pairs) > 1:
        raise WorkloadError(f"several ratios under one name: {sorted(pairs)}")

    columns = {}  # name -> type, function of an event
    for field in workload.fields:
        name = field.name
        if field.type == "strings":
            columns[name] = "string", lambda e, n=name: join + join.join(e[n]) + join
        elif field.type != "double":
            columns[name] = field.type, lambda e, n=name: e[n]
    for name, (base, exponent, comparisons) in scaled.items():
        rounded = rounding(name, comparisons)
        scale = 10**exponent
        if types.get(base) == "double":
            columns[name] = "int", lambda e, b=base, s=scale, r=rounded: r(fractions.Fraction(str(e[b])) * s)
        elif base not in types and pairs:
            ((numerator, denominator),) = pairs
            columns[name] = "int", lambda e, n=numerator, d=denominator, s=scale, r=rounded: (
                min(r(fractions.Fraction(e[n] * s, e[d])), INT_MAX) if e[d] > 0 else 0
            )
        else:
            raise WorkloadError(f"rules_{rules}.wf: `{name}` is neither a scaled double nor a ratio")

    directory = workload.path / f"wirefilter_{rules}"
    directory.mkdir(exist_ok=True)
    if not (directory / "fields").exists():
        events = [{name: value(event) for name, (_, value) in columns.items()} for event in workload.events]
        for event in events:
            for name, value in event.items():
                if isinstance(value, int) and abs(value) > INT_MAX:
                    raise WorkloadError(f"`{name}` = {value} does not fit wirefilter's 32-bit ints")
        fields = [Field(name, kind) for name, (kind, _) in columns.items()]
        write_events(directory / "events.bin", fields, events)
        joined = ANY.sub(lambda m: f'{m[1]} contains "{escaped(join)}{m[2]}{escaped(join)}"', text)
        (directory / "rules.wf").write_text(joined + "\n", encoding="utf-8")
        (directory / "fields").write_text("".join(f"{f.name} {TYPES[f.type]}\n" for f in fields))
    return [directory / name for name in ("events.bin", "rules.wf", "fields")]


def escaped(character):
    return character if character.isprintable() else f"\\x{ord(character):02x}"


def ratios(node):
    if node[0] in ("and", "or"):
        for child in node[1]:
            yield from ratios(child)
    elif node[0] == "ratio":
        yield node


def build(scratch):
    if not shutil.which("cargo"):
        raise FileNotFoundError("cargo is not installed")
    target = pathlib.Path(scratch) / "wirefilter"
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", str(HERE / "Cargo.toml")]
    subprocess.run(command + ["--target-dir", str(target), "--config", 'build.rustflags=["-Ctarget-cpu=native"]'], check=True)
    return target / "release" / "wirefilter_peer"
