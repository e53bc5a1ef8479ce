#!/usr/bin/env python3
"""claims.py CTEST BUILD DOCUMENT: every test that the document names is there."""
import fnmatch
import pathlib
import re
import subprocess
import sys

ctest, build, document = sys.argv[1:]
listed = subprocess.run([ctest, "--test-dir", build, "-N"], capture_output=True, text=True, errors="replace", check=True).stdout
tests = re.findall(r"^\s*Test\s+#\d+: (\S+)", listed, re.M)
kinds = {name.split(".")[0] for name in tests if "." in name}
text = pathlib.Path(document).read_text()
named = [n for n in re.findall(r"`([a-z_]+\.[\w.*/]+)`", text) if n.split(".")[0] in kinds and not n.endswith((".h", ".cc", ".yaml", ".cmake", ".weir"))]
missing = [n for n in named if not fnmatch.filter(tests, n)]
for name in missing:
    print(f"{document}: there is no test {name}", file=sys.stderr)
if len(named) < 30:
    print(f"{document} names {len(named)} tests: too few to be true", file=sys.stderr)
sys.exit(bool(missing) or len(named) < 30)
