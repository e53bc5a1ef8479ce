#!/usr/bin/env python3
"""sbom.py SCRIPT BUILD COMMITTED: the bill of materials is well formed, lists every library that is loaded, and the one in docs/ names
what is in use today."""
import json
import pathlib
import re
import subprocess
import sys

script, build, committed = sys.argv[1:]
problems = []


def need(condition, text):
    if not condition:
        problems.append(text)


text = subprocess.run([sys.executable, script, build], capture_output=True, text=True, check=True).stdout
bom = json.loads(text)
need(bom.get("bomFormat") == "CycloneDX" and bom.get("specVersion") == "1.5" and bom.get("version") == 1, "it is no CycloneDX 1.5")
need(bom["metadata"]["component"]["name"] == "weir", "it is not about weir")
refs = [c["bom-ref"] for c in bom["components"]]
need(len(set(refs)) == len(refs), "a component is there twice")
need(sorted(bom["dependencies"][0]["dependsOn"]) == sorted(refs), "the dependencies are not the components")
for c in bom["components"]:
    need(c["type"] in ("library", "application", "data"), f"{c['name']}: type {c['type']}")
    need(re.fullmatch(r"pkg:(deb/debian|maven/[^/]+|generic)/[^@]+@[^@]+", c["purl"]), f"{c['name']}: purl {c['purl']}")
    need(c["version"], f"{c['name']} has no version")
    names = [licence["license"]["name"] for licence in c["licenses"]]
    need(names and "NOASSERTION" not in names, f"{c['name']} has no licence")
    for h in c.get("hashes", []):
        need(h["alg"] == "SHA-256" and re.fullmatch("[0-9a-f]{64}", h["content"]), f"{c['name']}: no SHA-256")
properties = [p for c in bom["components"] for p in c["properties"]]
listed = {p["value"] for p in properties if p["name"] == "weir:loaded"}
for binary in ("embed-api/libweir.so", "tools/weir"):
    dynamic = subprocess.run(["readelf", "-d", str(pathlib.Path(build) / binary)], capture_output=True, text=True, check=True).stdout
    needed = re.findall(r"NEEDED.*\[(.+)\]", dynamic)
    need(needed, f"{binary} needs nothing?")
    for name in needed:
        need(name in listed or name.startswith(("libweir.so", "ld-linux", "libasan", "libtsan", "libubsan")), f"{binary} loads {name}, which is not listed")
need(text == subprocess.run([sys.executable, script, build], capture_output=True, text=True, check=True).stdout, "it is not reproducible")

release = pathlib.Path("/etc/os-release").read_text()
if "ID=debian" in release and 'VERSION_ID="12"' in release:
    kept = {c["name"] for c in json.loads(pathlib.Path(committed).read_text())["components"]}
    today = {c["name"] for c in bom["components"]}
    need(kept == today, f"{committed} is out of date (scripts/sbom {build} > {committed}): gone {sorted(kept - today)}, new {sorted(today - kept)}")
for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(bool(problems))
