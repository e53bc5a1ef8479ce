#!/usr/bin/env python3
"""hardening.py LIBRARY PROGRAM: what the ELF files say of how they were built.

Needs a Release build without sanitizers (WEIR_HARDENING).
"""
import re
import subprocess
import sys

problems = []


def tool(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def check(path, is_program):
    def need(condition, text):
        if not condition:
            problems.append(f"{path}: {text}")

    header = tool("readelf", "-hW", path)
    segments = tool("readelf", "-lW", path)
    dynamic = tool("readelf", "-dW", path)
    imported = set(re.findall(r" UND (\w+)", tool("readelf", "--dyn-syms", "-W", path)))
    need("DYN" in re.search(r"Type:\s+(\S+)", header).group(1), "it is at a fixed address (no PIE)")
    need("GNU_RELRO" in segments, "its relocations stay writable (no RELRO)")
    need(re.search(r"\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*NOW|\(BIND_NOW\)", dynamic), "it binds lazily, so its table of functions stays writable")
    stack = re.search(r"GNU_STACK\s+(?:0x\S+\s+){5}(\S+)", segments)
    need(stack and "E" not in stack.group(1), "its stack is executable")
    for load in re.findall(r"LOAD\s+(?:0x\S+\s+){5}([RWE ]+?)\s+0x", segments):
        need(not ("W" in load and "E" in load), f"a segment is writable and executable ({load})")
    need("TEXTREL" not in dynamic, "its code is written to when it is loaded")
    need("__stack_chk_fail" in imported, "its stack frames are not guarded (-fstack-protector-strong)")
    need(any(name.endswith("_chk") and name != "__stack_chk_fail" for name in imported), "no call is fortified (-D_FORTIFY_SOURCE)")
    rpath = re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", dynamic)
    need(all(p.startswith("/") and "::" not in p for r in rpath for p in r.split(":") if p), f"it looks for libraries in {rpath}")
    if "X86-64" in header and not is_program:
        # -fcf-protection: what may be called from elsewhere begins with endbr64.
        address = re.search(r"^\s*\d+:\s+([0-9a-f]+)\s+\d+\s+FUNC\s+GLOBAL.*weir_session_eval\b", tool("readelf", "--dyn-syms", "-W", path), re.M)
        start = int(address.group(1), 16)
        code = tool("objdump", "-d", f"--start-address={start}", f"--stop-address={start + 4}", path)
        need("endbr64" in code, "calls through pointers are not checked (-fcf-protection)")


check(sys.argv[1], False)
check(sys.argv[2], True)
for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(bool(problems))
