"""exports.py PREFIX MAP: the header, the list of exported symbols and libweir.so agree; libweir.a defines nothing that
could collide with a host's own names."""
import pathlib
import re
import subprocess
import sys

prefix, version_script = map(pathlib.Path, sys.argv[1:])
header = (prefix / "include/weir/weir.h").read_text()
shared = next(prefix.rglob("libweir.so"))
static = next(prefix.rglob("libweir.a"))


def symbols(*args):
    out = subprocess.run(["nm", "--defined-only", *args], check=True, capture_output=True, text=True).stdout
    return {(f[-2], f[-1].split("@")[0]) for line in out.splitlines() if len(f := line.split()) >= 3}


declared = set(re.findall(r"^WEIR_API [^;(]*?\b(weir_\w+)\(", header, re.M))
listed = set(re.findall(r"^\s+(weir_\w+);", version_script.read_text(), re.M))
exported = {name for kind, name in symbols("-D", str(shared)) if kind != "A"}
# Names of C++ are mangled and hold their namespace; sanitizers and the linker add some of their own.
own = {name for kind, name in symbols("--extern-only", str(static)) if not name.startswith(("_Z", "__asan", "__odr_asan", "DW.ref"))}
stray = {name for name in own if not name.startswith("weir_")}

problems = []
for title, a, b in (("declared but not listed in weir.map", declared, listed), ("listed but not declared", listed, declared),
                    ("declared but not exported", declared, exported), ("exported but not declared", exported, declared)):
    if a - b:
        problems.append(f"{title}: {', '.join(sorted(a - b))}")
if len(declared) < 50:
    problems.append(f"only {len(declared)} functions found in weir.h")
if stray:
    problems.append(f"libweir.a defines {', '.join(sorted(stray)[:20])}")
print("\n".join(problems) or f"{len(declared)} functions, declared, listed and exported")
sys.exit(bool(problems))
