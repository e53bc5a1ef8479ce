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
        cells = []
        for n in sizes:
            (result,) = [r for r in judged if (r.name, r.rules) == (name, n)]
            bound = f"{'≥' if result.faster else '≤'} {result.aim:g}"
            if result.ratio is None:
                cells.append(f"not measured ({bound})")
            else:
                cells.append(f"{result.ratio:.3g} ({bound}): {'met' if result.met else '**missed**'}")
        lines.append(row([name, *cells]))
    return "\n".join(lines)
