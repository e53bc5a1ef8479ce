"""convert.py WORKLOAD N OUT: N rules of a workload as a Weir rule directory, as Rego, and events as request bodies of both."""
import json
import pathlib
import subprocess
import sys


def zstd(path):
    return subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout.decode()


class Rego:
    """Rules in Rego: a disjunction is a rule of its own with several bodies."""

    def __init__(self):
        self.lines, self.helpers = ["package weir", ""], 0

    def conditions(self, r):
        op = r[0]
        f = f"input.{r[1]}" if isinstance(r[1], str) else None
        if op == "and":
            return [c for part in r[1] for c in self.conditions(part)]
        if op == "or":
            self.helpers += 1
            name = f"either_{self.helpers}"
            for part in r[1]:
                body = "; ".join(self.conditions(part))
                self.lines.append(f"{name} if {{ {body} }}")
            return [name]
        if op == "not":
            return [f"not {f}"]
        if op == "ratio":
            return ["input.following > 0", f"input.followers / input.following {r[1]} {r[2] / 10000}"]
        value = json.dumps(r[2]) if len(r) == 3 else None
        return [{"hash": lambda: f"{value} in {f}", "sin": lambda: f"{f} in {{{value[1:-1]}}}", "seq": lambda: f"{f} == {value}", "bool": lambda: f,
                 "icmp": lambda: f"{f} {r[2]} {r[3]}", "dcmp": lambda: f"{f} {r[2]} {r[3]}", "starts": lambda: f"startswith({f}, {value})",
                 "ends": lambda: f"endswith({f}, {value})", "contains": lambda: f"contains({f}, {value})",
                 "rx": lambda: f"regex.match({value}, {f})"}[op]()]

    def rule(self, number, r):
        self.lines.append(f'fired contains "R-{number}" if {{ {"; ".join(self.conditions(r))} }}')


def weir_type(value):
    if isinstance(value, bool):
        return "bool"
    return {int: "int", float: "double", str: "string", list: "list<string>"}[type(value)]


def on_event(cel, fields):
    out, i = "", 0
    while i < len(cel):
        end = i + 1
        if cel[i] == '"':
            while cel[end] != '"':
                end += 2 if cel[end] == "\\" else 1
            end += 1
            out += cel[i:end]
        elif cel[i].isalnum() or cel[i] == "_":
            while end < len(cel) and (cel[end].isalnum() or cel[end] == "_"):
                end += 1
            word = cel[i:end]
            out += ("request." if word in fields and (i == 0 or cel[i - 1] != ".") else "") + word
        else:
            out += cel[i]
        i = end
    return out


def main(workload, count, out):
    workload, out = pathlib.Path(workload), pathlib.Path(out)
    (out / "rules").mkdir(parents=True, exist_ok=True)
    events = [json.loads(line) for line in zstd(workload / "events.jsonl.zst").splitlines()[:1000]]
    types = {}
    for e in events:
        for name, value in e.items():
            kind = weir_type(value)
            types[name] = "double" if "double" in (kind, types.get(name)) else kind
    cel = zstd(workload / f"rules_{count}.cel.zst").splitlines()
    text = "event request {\n" + "".join(f"  {n}: {t}\n" for n, t in types.items()) + "}\n"
    for i, c in enumerate(cel, 1):
        text += f'rule r{i} on request {{ id "R-{i}"  when {on_event(c, types)}  score 1  mode live }}\n'
    (out / "rules/workload.weir").write_text(text)
    rego = Rego()
    for i, r in enumerate(json.loads(zstd(workload / f"rules_{count}.json.zst")), 1):
        rego.rule(i, r)
    (out / "rules.rego").write_text("\n".join(rego.lines) + "\n")
    with open(out / "weir.jsonl", "w") as weir, open(out / "opa.jsonl", "w") as opa:
        for e in events:
            weir.write(json.dumps({"time": "2026-01-01T00:00:00Z", **e}) + "\n")
            opa.write(json.dumps({"input": e}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
