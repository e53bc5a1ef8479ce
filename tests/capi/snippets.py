"""snippets.py INCLUDE CC GUIDE...: the example at the top of weir.h and the C of the guides compile as they stand."""
import pathlib
import re
import subprocess
import sys
import tempfile

include, cc, *guides = sys.argv[1:]
header = pathlib.Path(include, "weir/weir.h").read_text()

example = []
for line in header.splitlines()[3:]:
    if line.startswith(" *     "):
        example.append(line[7:])
    elif line.strip() == "*":
        example.append("")
    else:
        break
blocks = ["\n".join(example)]
for guide in guides:
    found = re.findall(r"^```c\n(.*?)^```", pathlib.Path(guide).read_text(), re.M | re.S)
    if not found:
        sys.exit(f"{guide}: no C in it")
    blocks += found
if len(blocks) < 4 or "weir_session_eval" not in blocks[0]:
    sys.exit(f"{len(blocks)} snippets found, or not the ones expected")

# What the snippets take for granted: handles and the host's own functions.
source = """#include <weir/weir.h>
extern void die(const char *), reject(weir_str, const char *), respond(uint32_t, weir_str);
extern int next_line(weir_str *);
extern weir_engine *engine; extern weir_ruleset *rules, *next; extern weir_session *session; extern weir_event *event;
extern weir_verdict *verdict; extern weir_schema *schema; extern weir_slot *slot; extern weir_diags *diags; extern weir_watch *watch;
extern weir_rollout *rollout; extern weir_rollout_report *report;
extern weir_verdict_info info; extern weir_error err; extern weir_str line, dir, name;
extern int64_t seconds; extern int32_t nanos; extern uint64_t my_generation;
"""
for i, block in enumerate(blocks):
    body = "\n".join(line for line in block.splitlines() if not line.startswith("#include"))
    source += f"void snippet_{i}(void) {{\n{body}\n}}\n"
with tempfile.NamedTemporaryFile("w", suffix=".c") as f:
    f.write(source)
    f.flush()
    done = subprocess.run([cc, "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{include}", f.name])
sys.exit(done.returncode)
