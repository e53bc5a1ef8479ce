#!/usr/bin/env python3
"""Runs a page of documentation as written, in an empty directory.

A fenced block headed `file NAME` is written to NAME. In a block headed `console`, a line that starts with `$ ` is a command and the
lines up to the next one are what it prints; a line `...` stands for any lines, and `...` inside a line for any text. A command ends well
unless its output ends with a line `[exit N]`.

    run_tutorial.py PAGE WEIR     WEIR: the program to call as `weir`
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def blocks(text):
    """(head, body, first line number of the body) of each fenced block."""
    head, body, start = None, [], 0
    for number, line in enumerate(text.splitlines(), 1):
        if head is None and line.startswith("```") and line != "```":
            head, body, start = line[3:].strip(), [], number + 1
        elif head is not None and line == "```":
            yield head, body, start
            head = None
        elif head is not None:
            body.append(line)


def commands(body, start):
    """(command, expected lines, line number) of a console block."""
    found = []
    for offset, line in enumerate(body):
        if line.startswith("$ "):
            found.append((line[2:], [], start + offset))
        elif found:
            found[-1][1].append(line)
    return found


def matches(expected, actual):
    pattern = []
    for line in expected:
        if line.strip() == "...":
            pattern.append(r"(?:.*\n)*?")
        else:
            pattern.append(".*".join(re.escape(part) for part in line.rstrip().split("...")) + r"[ \t]*\n")
    return re.fullmatch("".join(pattern), "".join(line.rstrip() + "\n" for line in actual)) is not None


def run(command, where, weir):
    env = dict(os.environ, PATH=f"{weir.parent}:{os.environ['PATH']}", NO_COLOR="1", LC_ALL="C.UTF-8")
    done = subprocess.run(["bash", "-c", command], cwd=where, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, timeout=300)
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    if done.returncode != 0:
        lines.append(f"[exit {done.returncode}]")
    return lines


def main():
    page, weir = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    root = pathlib.Path(__file__).resolve().parents[2]
    failures = steps = 0
    with tempfile.TemporaryDirectory() as directory:
        where = pathlib.Path(directory)
        # The page speaks of the checkout's data by paths from its root.
        (where / "stdlib-rules").symlink_to(root / "stdlib-rules")
        for head, body, start in blocks(page.read_text(encoding="utf-8")):
            if head.startswith("file "):
                target = where / head[5:]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text("\n".join(body) + "\n", encoding="utf-8")
            elif head == "console":
                for command, expected, line in commands(body, start):
                    steps += 1
                    actual = run(command, where, weir)
                    if not matches(expected, actual):
                        failures += 1
                        print(f"{page}:{line}: $ {command}\n--- the page says\n" + "\n".join(expected) +
                              "\n--- it printed\n" + "\n".join(actual) + "\n")
    print(f"{page.name}: {steps} steps, {failures} failures")
    return 1 if failures or steps == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
