"""Hand-written C++: the code that an expert would write for one rule set, generated from its prefix form.

Texts are string_views, literals have lengths known to the compiler, lists are grouped by length, RE2 does regular
expressions, each compiled once. Clauses stand in order of cost, or as the rule has them. A hundred rules are one
function and one translation unit, so that g++ -O3 ends.
"""
import concurrent.futures
import hashlib
import itertools
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
FLAGS = ["-std=c++20", "-O3", "-march=native", "-DNDEBUG", f"-I{HERE}"]
RULES_A_UNIT = 100

CPP_TYPES = {"bool": "bool", "int": "int64_t", "double": "double", "string": "std::string_view", "strings": "peer::Texts"}

# Relative costs of predicates; a list costs more with its length.
COSTS = {"bool": 1, "not": 1, "icmp": 1, "dcmp": 1, "ratio": 2, "seq": 2, "sin": 3, "starts": 4, "ends": 4, "hash": 8,
         "contains": 40, "rx": 150}

EVENT_H = """#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>

#include "event_file.h"

struct Event {
%s};

template <size_t N>
inline bool same(const char* p, const char (&literal)[N]) { return std::memcmp(p, literal, N - 1) == 0; }
template <size_t N>
inline bool is(std::string_view s, const char (&literal)[N]) { return s.size() == N - 1 && same(s.data(), literal); }
template <size_t N>
inline bool starts(std::string_view s, const char (&literal)[N]) { return s.size() >= N - 1 && same(s.data(), literal); }
template <size_t N>
inline bool ends(std::string_view s, const char (&literal)[N]) {
  return s.size() >= N - 1 && same(s.data() + s.size() - (N - 1), literal);
}
template <size_t N>
inline bool contains(std::string_view s, const char (&literal)[N]) {
  return s.find(std::string_view(literal, N - 1)) != s.npos;
}
template <size_t N>
inline bool has(const peer::Texts& list, const char (&literal)[N]) {
  for (std::string_view s : list) {
    if (is(s, literal)) return true;
  }
  return false;
}
bool matches(std::string_view s, int expression);

struct Found {
  uint64_t rules = 0, sum_of_numbers = 0;
};
"""

UNIT = """#include "event.h"

void rules_%d(const Event& e, Found& found) {
  Found f = found;
%s  found = f;
}
"""

EXPRESSIONS = """#include <re2/re2.h>

#include "event.h"

namespace {
const RE2 kExpressions[] = {
%s};
}

bool matches(std::string_view s, int expression) {
  return RE2::PartialMatch(re2::StringPiece(s.data(), s.size()), kExpressions[expression]);
}
"""

MAIN = """#include "event.h"
#include "peer.h"

%s
int main(int, char** argv) {
  peer::EventFile file(argv[1]);
  std::vector<Event> events(file.count());
  for (Event& e : events) {
%s  }
  return peer::serve(events.size(), [] { return true; }, [&](size_t count) {
    peer::Totals totals;
    for (size_t i = 0; i < count; ++i) {
      Found found;
%s      totals.matches += found.rules;
      totals.checksum += (i + 1) * found.sum_of_numbers;
    }
    return totals;
  });
}
"""


def literal(text):
    """Octal escapes end after three digits, whatever follows."""
    plain = set(range(0x20, 0x7F)) - set(b'"\\?')
    return '"' + "".join(chr(b) if b in plain else f"\\{b:03o}" for b in text.encode("utf-8")) + '"'


def cost(node):
    if node[0] in ("and", "or"):
        return sum(map(cost, node[1]))
    return COSTS[node[0]] + (len(node[2]) / 4 if node[0] == "sin" else 0)


class Generator:
    def __init__(self, by_cost):
        self.by_cost = by_cost
        self.expressions = {}  # text -> number

    def condition(self, node):
        op = node[0]
        if op in ("and", "or"):
            children = sorted(node[1], key=cost) if self.by_cost else node[1]
            return "(" + (" && " if op == "and" else " || ").join(map(self.condition, children)) + ")"
        if op == "ratio":
            _, comparison, numerator, denominator, threshold = node
            quotient = f"static_cast<double>(e.{numerator}_) / static_cast<double>(e.{denominator}_)"
            return f"(e.{denominator}_ > 0 && {quotient} {comparison} {threshold!r})"
        field = f"e.{node[1]}_"
        if op == "bool":
            return field
        if op == "not":
            return f"!{field}"
        if op == "icmp":
            return f"{field} {node[2]} INT64_C({node[3]})"
        if op == "dcmp":
            return f"{field} {node[2]} {float(node[3])!r}"
        if op == "sin":
            return self.one_of(field, node[2])
        if op == "rx":
            return f"matches({field}, {self.expressions.setdefault(node[2], len(self.expressions))})"
        function = {"seq": "is", "starts": "starts", "ends": "ends", "contains": "contains", "hash": "has"}[op]
        return f"{function}({field}, {literal(node[2])})"

    @staticmethod
    def one_of(field, texts):
        def size(text):
            return len(text.encode("utf-8"))

        groups = []
        distinct = dict.fromkeys(texts)  # in order: the program is known by the hash of its text
        for length, group in itertools.groupby(sorted(distinct, key=size), key=size):
            any_of = " || ".join(f"same({field}.data(), {literal(text)})" for text in group)
            groups.append(f"({field}.size() == {length} && ({any_of}))")
        return "(" + " || ".join(groups) + ")" if groups else "false"


def sources(fields, rules, by_cost):
    """{file name: text}"""
    generator = Generator(by_cost)
    out = {}
    starts = range(0, len(rules), RULES_A_UNIT)
    for unit, start in enumerate(starts):
        body = "".join(
            f"  if ({generator.condition(rule)}) ++f.rules, f.sum_of_numbers += {number};\n"
            for number, rule in enumerate(rules[start : start + RULES_A_UNIT], start + 1)
        )
        out[f"rules_{unit}.cc"] = UNIT % (unit, body)
    units = range(len(starts))
    out["event.h"] = EVENT_H % "".join(f"  {CPP_TYPES[f.type]} {f.name}_;\n" for f in fields)
    out["expressions.cc"] = EXPRESSIONS % "".join(f"    RE2({literal(x)}),\n" for x in generator.expressions)
    if not generator.expressions:
        out["expressions.cc"] = '#include "event.h"\nbool matches(std::string_view, int) { return false; }\n'
    out["main.cc"] = MAIN % (
        "".join(f"void rules_{unit}(const Event& e, Found& found);\n" for unit in units),
        "".join(f"    file.read(e.{f.name}_);\n" for f in fields),
        "".join(f"      rules_{unit}(events[i], found);\n" for unit in units),
    )
    return out


def build(fields, rules, by_cost, scratch, jobs=2):
    """The program; made once for the same sources, flags and compiler."""
    texts = sources(fields, rules, by_cost)
    compiler = ["g++"]
    digest = hashlib.sha256(subprocess.run(compiler + ["--version"], check=True, capture_output=True).stdout)
    headers = [(HERE / name).read_text() for name in ("event_file.h", "peer.h")]
    digest.update("\0".join(FLAGS[:-1] + headers + [x for item in sorted(texts.items()) for x in item]).encode())
    directory = pathlib.Path(scratch) / digest.hexdigest()[:16]
    program = directory / "peer"
    if program.exists():
        return program
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (directory / name).write_text(text)
    if shutil.which("ccache"):
        compiler.insert(0, "ccache")

    def compile_one(name):
        target = directory / (name + ".o")
        subprocess.run(compiler + FLAGS + ["-c", str(directory / name), "-o", str(target)], check=True)
        return str(target)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        objects = list(pool.map(compile_one, (name for name in texts if name.endswith(".cc"))))
    subprocess.run(["g++", *objects, "-lre2", "-lpthread", "-o", str(directory / "peer.part")], check=True)
    (directory / "peer.part").rename(program)
    return program
