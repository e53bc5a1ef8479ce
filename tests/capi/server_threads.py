#!/usr/bin/env python3
"""server_threads.py PROGRAM: events on several threads while the rules are saved again and again. Every event gets one
verdict of one generation, nothing is counted twice or lost, broken rules change nothing and are seen, the end is clean."""
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

ACCOUNTS, EVENTS = 20, 4000


def rules(block_at):
    return f"""
event login {{ account: string  n: int }}
feature seen = count() from login by login.account over 1h
rule many on login {{ id "R-1"  when seen >= {block_at}  then {{ verdict block }}  mode live  because "{{seen}}" }}
rule told on login {{ id "R-2"  when seen >= 1  then {{ verdict review }}  mode live  because "{{seen}} of {{login.n}}" }}
"""


def main(program):
    folder = pathlib.Path(tempfile.mkdtemp(dir="."))
    path = folder / "login.weir"

    def save(text):
        beside = folder / ".login.weir"  # whole or not at all
        beside.write_text(text)
        beside.rename(path)

    save(rules(10**6))
    server = subprocess.Popen([program, folder, "account", "3"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    answers = []
    reader = threading.Thread(target=lambda: answers.extend(json.loads(line) for line in server.stdout))
    reader.start()

    def status():
        before = sum("publishes" in a for a in answers)
        server.stdin.write("!status\n")
        server.stdin.flush()
        for _ in range(400):
            found = [a for a in answers if "publishes" in a]
            if len(found) > before:
                return found[-1]
            time.sleep(0.05)
        raise AssertionError("no status")

    def until(what):
        for _ in range(100):
            if what(now := status()):
                return now
            time.sleep(0.1)
        raise AssertionError(now)

    def send(numbers):
        for n in numbers:
            event = {"time": "2026-01-01T00:00:00Z", "id": f"e{n}", "account": f"a{n % ACCOUNTS}", "n": n // ACCOUNTS + 1}
            server.stdin.write(json.dumps(event) + "\n")
        server.stdin.flush()

    parts = [range(i * EVENTS // 4, (i + 1) * EVENTS // 4) for i in range(4)]
    send(parts[0])
    save(rules(10**5))  # while they are decided about
    send(parts[1])
    generation = until(lambda s: s["generation"] >= 2)["generation"]
    save("rule broken")
    send(parts[2])
    failed = until(lambda s: s["failing"])
    assert failed["generation"] == generation and "login.weir" in failed["failure"]["diagnostics"], failed
    save(rules(EVENTS // ACCOUNTS))
    until(lambda s: not s["failing"] and s["generation"] > generation)
    send(parts[3])
    server.stdin.write("no event\n")
    server.stdin.close()
    reader.join()
    assert server.wait(60) == 0, server.stderr.read()
    verdicts = {a["id"]: a for a in answers if "verdict" in a}
    assert len(verdicts) == EVENTS and sum("verdict" in a for a in answers) == EVENTS
    assert [a["error"] for a in answers if "error" in a] == ["WEIR_E_DATA"]
    for n in range(EVENTS):
        told = next(h for h in verdicts[f"e{n}"]["hits"] if h["id"] == "R-2")
        assert told["because"] == f"{n // ACCOUNTS + 1} of {n // ACCOUNTS + 1}", (n, told)  # nothing lost, nothing twice
    last = [v for v in verdicts.values() if v["verdict"] == "block"]
    assert len(last) == ACCOUNTS and {v["generation"] for v in last} == {status_generation(answers)}, last
    for account in range(ACCOUNTS):
        seen = [verdicts[f"e{n}"]["generation"] for n in range(account, EVENTS, ACCOUNTS)]
        assert seen == sorted(seen), "a generation came back"


def status_generation(answers):
    return [a for a in answers if "publishes" in a][-1]["generation"]


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
