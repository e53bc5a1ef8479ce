"""The ratios that Weir aims at, and whether a run meets them."""
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


class Result(typing.NamedTuple):
    name: str
    rules: int
    aim: float
    faster: bool
    ratio: float | None  # None: an engine has no figure
    met: bool | None


def judge(results):
    """`results`: {rules: {engine name: Measured}}. An aim that compares with several needs figures of all."""
    out = []
    for aim in AIMS:
        for rules, target in aim.by_rules.items():
            figures = {name: m.ns_per_event for name, m in results.get(rules, {}).items() if m.error is None}
            if not {aim.engine, *aim.against} <= figures.keys():
                out.append(Result(aim.name, rules, target, aim.faster, None, None))
                continue
            mine, theirs = figures[aim.engine], min(figures[name] for name in aim.against)
            ratio = theirs / mine if aim.faster else mine / theirs
            out.append(Result(aim.name, rules, target, aim.faster, ratio, ratio >= target if aim.faster else ratio <= target))
    return out
