"""What a run prints, as Markdown."""


def row(cells):
    return "| " + " | ".join(cells) + " |"


def engines_table(engines, results):
    sizes = sorted(results)
    lines = [
        row(["engine", *(f"{n:,} rules: ns/event" for n in sizes), *(f"load of {n:,}, ms; MB" for n in sizes[-1:])]),
        row(["---"] * (len(sizes) + 2)),
    ]
    for engine in engines:
        measured = [results[n][engine.name] for n in sizes]
        cells = [f"{m.ns_per_event:,.0f}" if m.error is None else "disagrees" if m.disagrees else "–" for m in measured]
        last = measured[-1]
        cells.append(f"{last.load_ms:,.0f}; {last.resident_mb:,.1f}" if last.error is None and not compiled(engine) else "–")
        lines.append(row([engine.label, *cells]))
    return "\n".join(lines)


def compiled(engine):
    """Rules are in the program: there is nothing to load."""
    return engine.name.startswith("c")


def aims_table(judged):
    sizes = sorted({r.rules for r in judged})
    lines = [row(["aim", *(f"{n:,} rules" for n in sizes)]), row(["---"] * (len(sizes) + 1))]
    for name in dict.fromkeys(r.name for r in judged):
        of_size = {r.rules: r for r in judged if r.name == name}
        lines.append(row([name, *(verdict(of_size.get(n)) for n in sizes)]))
    return "\n".join(lines)


def verdict(result):
    if result is None:
        return ""
    bound = f"{'≥' if result.at_least else '≤'} {result.aim:,g}"
    if result.value is None:
        return f"not measured ({bound})"
    return f"{result.value:.3g} ({bound}): {'met' if result.met else '**missed**'}"
