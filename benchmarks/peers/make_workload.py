#!/usr/bin/env python3
"""Makes a workload of the shared form from a seed, with fields and words of its own, for tests of the comparison.

    benchmarks/peers/make_workload.py --seed 7 --events 500 --rules 20,150 DIRECTORY

Writes events.jsonl.zst and for each size rules_N.{json,cel,sql,polars,wf}.zst and expected_N.csv.zst. What is expected
comes from evaluating the prefix form here, in Python.
"""
import argparse
import json
import operator
import pathlib
import random
import re
import subprocess

COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}
RATIO_SCALE = 10_000
SYLLABLES = "ka lo mi ren tu va so bel dri qu".split()


class Maker:
    def __init__(self, seed):
        self.rng = rng = random.Random(seed)
        names = [f"{a}_{b}" for a in ("left", "right", "first", "last") for b in ("size", "name", "mark", "kind", "part", "rate")]
        rng.shuffle(names)
        self.ints = [names.pop() for _ in range(rng.randint(3, 5))]
        self.doubles = {names.pop(): rng.choice([3, 4]) for _ in range(2)}  # name -> digits after the point
        self.bools = [names.pop() for _ in range(rng.randint(1, 3))]
        self.enums = {names.pop(): [self.word() for _ in range(rng.randint(3, 9))] for _ in range(3)}
        # Texts that readers which guess types take for dates.
        self.enums[names.pop()] = [f"20{rng.randint(10, 25)}-0{rng.randint(1, 9)}-{rng.randint(10, 28)}" for _ in range(6)]
        self.text, self.tags = names.pop(), names.pop()
        self.words = [self.word() for _ in range(40)] + ['say "so"', "it's", "100%", "a\\b", "WIN"]
        self.numerator, self.denominator = rng.sample(self.ints, 2)
        self.order = [*self.ints, *self.doubles, *self.bools, *self.enums, self.text, self.tags]
        rng.shuffle(self.order)

    def word(self):
        return "".join(self.rng.choice(SYLLABLES) for _ in range(self.rng.randint(1, 4)))

    def event(self):
        rng = self.rng
        event = {name: int(rng.paretovariate(0.7)) % 5_000 - rng.randint(0, 1) for name in self.ints}
        event |= {name: round(rng.gauss(0.3, 0.4), digits) for name, digits in self.doubles.items()}
        event |= {name: rng.random() < 0.4 for name in self.bools}
        event |= {name: rng.choice(values) for name, values in self.enums.items()}
        event[self.text] = " ".join(rng.choice(self.words) for _ in range(rng.randint(0, 12)))
        event[self.tags] = rng.sample(self.words[:20], rng.randint(0, 4))
        return {name: event[name] for name in self.order}

    def predicate(self):
        rng = self.rng
        kind = rng.choice("icmp icmp dcmp bool not seq sin starts ends contains rx hash ratio".split())
        comparison = rng.choice("< <= > >=".split())
        if kind == "icmp":
            return [kind, rng.choice(self.ints), rng.choice([*COMPARISONS]), rng.choice([0, 1, 2, 7, 50])]
        if kind == "dcmp":
            name = rng.choice([*self.doubles])
            return [kind, name, comparison, round(rng.uniform(0.05, 0.9), self.doubles[name] - 1)]
        if kind in ("bool", "not"):
            return [kind, rng.choice(self.bools)]
        if kind == "hash":
            return [kind, self.tags, rng.choice(self.words[:20])]
        if kind == "ratio":
            return [kind, rng.choice(["<", ">="]), rng.randint(1_000, 90_000)]
        if kind == "rx":
            a, b = rng.choice(self.words[:20]), rng.choice(SYLLABLES)
            return [kind, self.text, rng.choice([rf"\d{{2,}}%.*{b}", f"^({a}|{b})", f"(?i){a}", rf"{b}\b.*{b}$", '"[a-z]+"'])]
        field = rng.choice([self.text, *self.enums])
        if kind in ("seq", "sin") and field == self.text:
            field = rng.choice([*self.enums])
        values = self.words if field == self.text else self.enums[field]
        if kind == "sin":
            return [kind, field, rng.sample(values, rng.randint(1, len(values)))]
        text = rng.choice(values)
        cut = rng.randint(1, len(text))
        return [kind, field, {"starts": text[:cut], "ends": text[-cut:], "contains": text[:cut]}.get(kind, text)]

    def rule(self):
        clauses = [self.predicate() for _ in range(self.rng.randint(3, 5))]
        if self.rng.random() < 0.6:
            clauses[:2] = [[self.rng.choice(["or", "and"]), clauses[:2]]]
        return [self.rng.choice(["and", "and", "and", "or"]), clauses]

    def holds(self, node, event):
        op = node[0]
        if op in ("and", "or"):
            return (all if op == "and" else any)(self.holds(child, event) for child in node[1])
        if op == "ratio":
            n, d = event[self.numerator], event[self.denominator]
            return d > 0 and COMPARISONS[node[1]](n / d, node[2] / RATIO_SCALE)
        value = event[node[1]]
        return {
            "bool": lambda: value,
            "not": lambda: not value,
            "icmp": lambda: COMPARISONS[node[2]](value, node[3]),
            "dcmp": lambda: COMPARISONS[node[2]](value, node[3]),
            "seq": lambda: value == node[2],
            "sin": lambda: value in node[2],
            "starts": lambda: value.startswith(node[2]),
            "ends": lambda: value.endswith(node[2]),
            "contains": lambda: node[2] in value,
            "rx": lambda: re.search(node[2], value) is not None,
            "hash": lambda: node[2] in value,
        }[op]()


def double_quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def single_quoted(text):
    return "'" + text.replace("'", "''") + "'"


class Form:
    """One language: templates of predicates; {q} is the quoted text, {l} the list of quoted texts."""

    def __init__(self, conjunction, disjunction, quote, join, templates, always_parenthesize=False):
        self.words = {"and": conjunction, "or": disjunction}
        self.quote, self.join, self.templates, self.parenthesize = quote, join, templates, always_parenthesize

    def write(self, maker, node, nested=False):
        op = node[0]
        if op in self.words:
            text = self.words[op].join(self.write(maker, child, True) for child in node[1])
            return f"({text})" if nested else text
        values = {"f": node[1], "n": maker.numerator, "d": maker.denominator}
        if op in ("icmp", "dcmp"):
            values |= {"o": node[2], "v": repr(node[3]), "s": scaled(maker, node)}
            values["e"] = node[1] if op == "icmp" else f"{node[1]}_e4"
        elif op == "ratio":
            values |= {"o": node[1], "v": repr(node[2] / RATIO_SCALE), "s": node[2]}
        elif op == "sin":
            values["l"] = self.join.join(map(self.quote, node[2]))
        elif len(node) > 2:
            values["q"] = self.quote(node[2])
            values["r"] = double_quoted_pattern(node[2])
            values["p"] = double_quoted_pattern(re.escape(node[2]))
        return self.templates[op].format_map(values)


def scaled(maker, node):
    return node[3] if node[0] == "icmp" else round(node[3] * RATIO_SCALE)


def double_quoted_pattern(pattern):
    """wirefilter: backslashes are the pattern's own."""
    return pattern.replace('"', '\\"')


FORMS = {
    "cel": Form(" && ", " || ", double_quoted, ", ", {
        "bool": "{f}", "not": "!{f}", "icmp": "{f} {o} {v}", "dcmp": "{f} {o} {v}", "seq": "{f} == {q}", "sin": "{f} in [{l}]",
        "starts": "{f}.startsWith({q})", "ends": "{f}.endsWith({q})", "contains": "{f}.contains({q})", "rx": "{f}.matches({q})",
        "hash": "{f}.exists(h, h == {q})", "ratio": "({d} > 0 && double({n}) / double({d}) {o} {v})"}),
    "sql": Form(" AND ", " OR ", single_quoted, ", ", {
        "bool": "{f}", "not": "NOT {f}", "icmp": "{f} {o} {v}", "dcmp": "{f} {o} {v}::DOUBLE", "seq": "{f} = {q}",
        "sin": "{f} IN ({l})", "starts": "starts_with({f}, {q})", "ends": "suffix({f}, {q})", "contains": "contains({f}, {q})",
        "rx": "regexp_matches({f}, {q})", "hash": "list_contains({f}, {q})",
        "ratio": "({d} > 0 AND {n}::DOUBLE / {d}::DOUBLE {o} {v}::DOUBLE)"}),
    "polars": Form("&", "|", repr, ", ", {
        "bool": "C['{f}']", "not": "~C['{f}']", "icmp": "(C['{f}']{o}{v})", "dcmp": "(C['{f}']{o}{v})", "seq": "(C['{f}']=={q})",
        "sin": "C['{f}'].is_in([{l}])", "starts": "C['{f}'].str.starts_with({q})", "ends": "C['{f}'].str.ends_with({q})",
        "contains": "C['{f}'].str.contains({q},literal=True)", "rx": "C['{f}'].str.contains({q})",
        "hash": "C['{f}'].list.contains({q})", "ratio": "((C['{d}']>0)&(C['{n}'].cast(F64)/C['{d}'].cast(F64){o}{v}))"}),
    "wf": Form(" and ", " or ", double_quoted, " ", {
        "bool": "{f}", "not": "not {f}", "icmp": "{f} {o} {s}", "dcmp": "{e} {o} {s}", "seq": "{f} == {q}", "sin": "{f} in {{{l}}}",
        "starts": '{f} matches "^{p}"', "ends": '{f} matches "{p}$"', "contains": "{f} contains {q}", "rx": '{f} matches "{r}"',
        "hash": "any({f}[*] == {q})", "ratio": "({d} > 0 and ratio_e4 {o} {s})"}),
}


def write_packed(path, text):
    subprocess.run(["zstd", "-qf", "-", "-o", str(path) + ".zst"], input=text.encode(), check=True)


def make_rule(maker, sample, share):
    """A rule that holds on a share of the sample between the two given."""
    while True:
        rule = maker.rule()
        if share is None or share[0] <= sum(maker.holds(rule, event) for event in sample) / len(sample) <= share[1]:
            return rule


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=500)
    parser.add_argument("--rules", default="20,150")
    parser.add_argument("--share", help="rules that hold on a share of the events between two, as 0.001,0.02; default: any")
    args = parser.parse_args()
    share = tuple(map(float, args.share.split(","))) if args.share else None
    maker = Maker(args.seed)
    args.directory.mkdir(parents=True, exist_ok=True)
    events = [maker.event() for _ in range(args.events)]
    write_packed(args.directory / "events.jsonl", "".join(json.dumps(e) + "\n" for e in events))
    for size in map(int, args.rules.split(",")):
        rules = [make_rule(maker, events[:1000], share) for _ in range(size)]
        write_packed(args.directory / f"rules_{size}.json", json.dumps(rules))
        for name, form in FORMS.items():
            write_packed(args.directory / f"rules_{size}.{name}", "".join(form.write(maker, rule) + "\n" for rule in rules))
        lines, matches, checksum = [], 0, 0
        for number, event in enumerate(events, 1):
            found = [n for n, rule in enumerate(rules, 1) if maker.holds(rule, event)]
            matches += len(found)
            checksum += number * sum(found)
            lines.append(f"{matches},{checksum}\n")
        write_packed(args.directory / f"expected_{size}.csv", "".join(lines))


if __name__ == "__main__":
    main()
