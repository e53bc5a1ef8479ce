#!/usr/bin/env python3
"""publish.py WEIR [RULES]: how long one edited rule of so many (10,000) takes over HTTP: the proposal, which compiles it and
packs the bundle, and the approval, after which the next verdict is of the new generation. Best of five, and the first, which
compiles everything as nothing has been compiled yet in this process; milliseconds on the server (of its metrics)."""
import hashlib
import http.client
import json
import pathlib
import re
import subprocess
import sys
import tempfile


def text(rules, edited, value):
    rows = [f'rule r{i} on e {{ id "R-{i}" when e.n % {i + 7} == {value if i == edited else 3} && e.s.contains("w{i}") then {{ verdict review }} mode live }}' for i in range(rules)]
    return "event e { n: int  s: string }\n" + "\n".join(rows) + "\n"


def main(weir, rules):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "rules").mkdir()
        (folder / "rules/a.weir").write_text(text(rules, -1, 0))
        (folder / "tokens").write_text("".join(f"{n} {r} {hashlib.sha256(n.encode()).hexdigest()}\n" for n, r in [("ann", "author"), ("bob", "approver"), ("shop", "host")]))
        (folder / "tokens").chmod(0o600)
        server = subprocess.Popen([weir, "serve", "--rules", folder / "rules", "--port", "0", "--tokens", folder / "tokens", "--audit", folder / "audit", "--state", folder / "state",
                                   "--tier", "interpreter"], stderr=subprocess.PIPE, text=True)
        port = next(int(m.group(1)) for line in server.stderr if (m := re.search(r"serving .*:(\d+)$", line.strip())))
        connection = http.client.HTTPConnection("127.0.0.1", port)

        def ask(path, body, who):
            connection.request("POST", path, json.dumps(body), {"Authorization": "Bearer " + who, "Content-Type": "application/json"})
            answer = connection.getresponse()
            got = json.loads(answer.read())
            assert answer.status in (200, 201), got
            return got, answer.headers

        def spent(endpoint):
            connection.request("GET", "/metrics", headers={"Authorization": "Bearer shop"})
            metrics = connection.getresponse().read().decode()
            found = re.search(rf'weir_http_request_seconds_sum{{endpoint="POST {re.escape(endpoint)}"[^\n]*}} (\S+)\n', metrics)
            return 1000 * float(found[1]) if found else 0.0

        print("rules  ms to propose  ms to approve")
        proposed, approved = [], []
        for round in range(6):
            before = spent("/v1/proposals"), spent("/v1/proposals/{id}/approve")
            files = [{"path": "a.weir", "text": text(rules, rules // 2, round + 10)}]
            made, _ = ask("/v1/proposals", {"expected_generation": round + 1, "files": files}, "ann")
            assert made["rules"]["changed"] == [f"R-{rules // 2}"]
            ask(f"/v1/proposals/{made['id']}/approve", {}, "bob")
            _, headers = ask("/v1/evaluate", {"time": "2026-01-01T00:00:00Z", "n": 1, "s": ""}, "shop")
            assert headers["Weir-Generation"] == str(round + 2)
            proposed.append(spent("/v1/proposals") - before[0])
            approved.append(spent("/v1/proposals/{id}/approve") - before[1])
        print(f"{rules:5} {min(proposed):14.1f} {min(approved):14.1f}   (the first: {proposed[0]:.1f}, {approved[0]:.1f})")
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
