#!/usr/bin/env python3
"""Fails if an #include points against the pipeline, or if a vendor's headers leave the folder that hides them."""
import pathlib
import re
import sys

# What each folder may include besides itself.
COMPILER = {
    "compiler/base": [],
    "compiler/types": ["compiler/base"],
    "compiler/syntax": ["compiler/base", "compiler/types"],
    "compiler/check": ["compiler/base", "compiler/types", "compiler/syntax"],
    "compiler/ir": ["compiler/base", "compiler/types"],
    "compiler/lower": ["compiler/base", "compiler/types", "compiler/syntax", "compiler/check", "compiler/ir"],
    "compiler/opt": ["compiler/base", "compiler/types", "compiler/ir"],
    # codegen/abi.h knows the layout of values and contexts; see docs/architecture.md
    "compiler/codegen": ["compiler/base", "compiler/types", "compiler/ir", "runtime/value"],
}
RUNTIME_BASE = ["compiler/base", "compiler/types", "compiler/ir"]
RUNTIME = {
    "runtime/value": [],
    "runtime/interp": ["runtime/value"],
    "runtime/index": ["runtime/value"],
    "runtime/batch": ["runtime/value", "runtime/index"],
    "runtime/jit": ["runtime/value", "compiler/codegen"],
    "runtime/match": ["runtime/value"],
    "runtime/state": ["runtime/value", "runtime/match"],
    "runtime/explain": ["runtime/value", "runtime/interp"],
    "runtime/engine": ["runtime/value", "runtime/interp", "runtime/index", "runtime/batch", "runtime/jit", "runtime/match", "runtime/state", "runtime/explain"],
    "runtime/durable": ["runtime/value", "runtime/state", "runtime/match", "runtime/engine"],
    "runtime/crypto": [],
    "runtime/reload": [],
    "runtime/bundle": ["runtime/crypto"],
    "runtime/io": ["runtime/value", "runtime/state", "runtime/engine", "runtime/crypto"],
    "runtime/rollout": ["runtime/value", "runtime/state", "runtime/engine", "runtime/backtest"],
    "runtime/backtest": ["runtime/value", "runtime/engine", "runtime/io"],
}
ALLOWED = dict(COMPILER)
ALLOWED.update({folder: RUNTIME_BASE + extra for folder, extra in RUNTIME.items()})
EVERYTHING = [*ALLOWED, "compiler/driver"]
ALLOWED["compiler/driver"] = EVERYTHING
# Programs and the C API stand on top; bindings would see weir.h alone.
TOP = {"tools": EVERYTHING, "embed-api": EVERYTHING, "tests": EVERYTHING, "benchmarks": EVERYTHING, "bindings": []}

# Headers that must not be seen outside one place.
HIDDEN = {
    r"antlr4|Weir(Lexer|Parser)": ["compiler/syntax", "grammar"],
    r"boost/": ["tools"],
    r"hwy/": ["runtime/batch"],
    r"llvm/|llvm-c/": ["compiler/codegen", "runtime/jit"],
    r"sodium": ["runtime/crypto"],
}


def folder_of(path: str) -> str:
    for folder in sorted([*ALLOWED, *TOP], key=len, reverse=True):
        if path == folder or path.startswith(folder + "/"):
            return folder
    return ""


def main(root: pathlib.Path) -> int:
    errors = []
    files = [p for top in ("compiler", "runtime", "embed-api", "tools", "tests", "benchmarks", "bindings")
             for p in (root / top).rglob("*") if p.suffix in (".h", ".cc", ".c")]
    for path in files:
        name = path.relative_to(root).as_posix()
        here = folder_of(name)
        if not here:
            errors.append(f"{name}: in no folder of the pipeline; add the folder to {__file__}")
            continue
        allowed = ALLOWED.get(here, TOP.get(here, [])) + [here]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if not match:
                continue
            target = match.group(1)
            folder = folder_of(target)
            if folder in EVERYTHING and folder not in allowed:
                errors.append(f"{name}:{number}: {here} must not include {target}")
            for pattern, homes in HIDDEN.items():
                if re.match(pattern, target) and here not in homes:
                    errors.append(f"{name}:{number}: {target} is hidden behind {homes[0]}")
    print("\n".join(errors) or f"{len(files)} files: every include points down the pipeline")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
