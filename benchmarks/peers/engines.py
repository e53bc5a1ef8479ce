"""Which engines there are, how each is built, and the command that starts it on one workload and rule set."""
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import typing

import cpp_peer
import wirefilter

HERE = pathlib.Path(__file__).resolve().parent


class Unavailable(Exception):
    """The engine cannot be built or run here; says why."""


class Context(typing.NamedTuple):
    workload: typing.Any
    build: pathlib.Path  # programs are made here, and kept
    weir_peer: str | None  # a program made already


class Engine(typing.NamedTuple):
    name: str
    label: str
    batch: bool
    command: typing.Callable  # (Context, rules) -> arguments of the process


def weir(tier):
    def command(context, rules):
        program = context.weir_peer or build_weir(context.build / "weir")
        return [str(program), str(context.workload.directory), str(rules), tier]

    return command


def build_weir(directory):
    if not (directory / "build.ninja").exists():
        options = ["-DCMAKE_BUILD_TYPE=Release", "-DWEIR_BENCHMARKS=ON", "-DWEIR_TESTS=OFF"]
        call(["cmake", "-S", str(HERE.parent.parent), "-B", str(directory), "-G", "Ninja", *options])
    call(["ninja", "-C", str(directory), "weir_peer"])
    return directory / "benchmarks" / "weir_peer"


def cpp(by_cost):
    def command(context, rules):
        workload = context.workload
        program = cpp_peer.build(workload.fields, workload.rules(rules), by_cost, context.build / "cpp")
        return [str(program), str(workload.events_file())]

    return command


def wirefilter_command(context, rules):
    files = wirefilter.translate(context.workload, rules)
    return [str(wirefilter.build(context.build)), *map(str, files)]


def python(name, form, *more):
    """`more`: functions of the workload that give further arguments."""

    def command(context, rules):
        path = context.workload.path
        return [
            str(virtual_environment(context.build)),
            str(HERE / f"{name}_peer.py"),
            str(path / "events.jsonl"),
            str(path / f"rules_{rules}.{form}"),
            *(argument(context.workload) for argument in more),
        ]

    return command


def virtual_environment(build):
    """The interpreter of an environment that has just what requirements.txt pins."""
    requirements = HERE / "requirements.txt"
    directory = build / ("venv-" + hashlib.sha256(requirements.read_bytes()).hexdigest()[:8])
    done = directory / "installed"
    if not done.exists():
        call([sys.executable, "-m", "venv", str(directory)])
        call([str(directory / "bin" / "pip"), "install", "--quiet", "--requirement", str(requirements)])
        done.touch()
    return directory / "bin" / "python"


def call(command):
    if not shutil.which(command[0]):
        raise Unavailable(f"{command[0]} is not installed")
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        raise Unavailable(f"{' '.join(command)}: {result.stdout[-2000:]}")


ENGINES = [
    Engine("weir-native", "Weir, native", False, weir("native")),
    Engine("weir-interpreter", "Weir, interpreter", False, weir("interpreter")),
    Engine("weir-batch", "Weir, batch", True, weir("batch")),
    Engine("c", "hand-written C++ -O3, cost order (RE2)", False, cpp(True)),
    Engine("c-rule-order", "hand-written C++ -O3, rule order", False, cpp(False)),
    Engine("wirefilter", "wirefilter 0.6.1", False, wirefilter_command),
    Engine("polars", "polars 2.1.0, batch", True, python("polars", "polars")),
    Engine("duckdb", "DuckDB 2.0.1, batch", True, python("duckdb", "sql", lambda workload: json.dumps(workload.fields))),
]
# Takes long to compile and is compared with nothing.
NOT_BY_DEFAULT = {"c-rule-order"}
