"""The ratios and limits that Weir aims at, and whether a run meets them."""
import typing


class Aim(typing.NamedTuple):
    name: str
    engine: str
    against: tuple  # the better (faster) of these
    faster: bool  # the ratio is against / engine, at least the aim; else engine / against, at most
    by_rules: dict


AIMS = [
    Aim("one event at a time, against C", "weir-native", ("c",), False, {100: 1.0, 1_000: 0.4, 10_000: 0.1}),
    Aim("batch, against C", "weir-batch", ("c",), False, {100: 0.5, 1_000: 0.15, 10_000: 0.04}),
    Aim("one event, times faster than wirefilter", "weir-native", ("wirefilter",), True, {100: 7, 1_000: 25, 10_000: 75}),
    Aim("batch, times faster than the better of polars and DuckDB", "weir-batch", ("polars", "duckdb"), True,
        {100: 6, 1_000: 17, 10_000: 40}),
]


class Limit(typing.NamedTuple):
    name: str
    engine: str
    figure: str  # of Measured
    by_rules: dict


LIMITS = [
    Limit("load, rule text to first verdict, ms", "weir-interpreter", "load_ms", {10_000: 1_000}),
    Limit("resident memory, interpreter, MB", "weir-interpreter", "resident_mb", {10_000: 100}),
    Limit("resident memory, native, MB", "weir-native", "resident_mb", {10_000: 100}),
]


class Result(typing.NamedTuple):
    name: str
    rules: int
    aim: float
    at_least: bool  # else at most
    value: float | None  # the ratio, or the figure that is limited; None: an engine has no figure
    met: bool | None


def result(name, rules, aim, at_least, value):
    met = None if value is None else value >= aim if at_least else value <= aim
    return Result(name, rules, aim, at_least, value, met)


def judge(results):
    """`results`: {rules: {engine name: Measured}}. An aim that compares with several needs figures of all."""
    def measured(rules):
        return {name: m for name, m in results.get(rules, {}).items() if m.error is None}

    out = []
    for aim in AIMS:
        for rules, target in aim.by_rules.items():
            figures = {name: m.ns_per_event for name, m in measured(rules).items()}
            ratio = None
            if {aim.engine, *aim.against} <= figures.keys():
                mine, theirs = figures[aim.engine], min(figures[name] for name in aim.against)
                ratio = theirs / mine if aim.faster else mine / theirs
            out.append(result(aim.name, rules, target, aim.faster, ratio))
    for limit in LIMITS:
        for rules, target in limit.by_rules.items():
            figures = measured(rules)
            value = getattr(figures[limit.engine], limit.figure) if limit.engine in figures else None
            out.append(result(limit.name, rules, target, False, value))
    return out
