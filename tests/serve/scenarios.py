#!/usr/bin/env python3
"""scenarios.py WEIR SCENARIO: what a server does, over loopback. Each answer is held against /openapi.json."""
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

from harness import FILES, RULES, Server, event, token, write, write_rules


def files(**changed):
    return [{"path": p, "text": t} for p, t in {**FILES, **changed}.items()]


def evaluate(weir, folder):
    write_rules(folder)
    log = [event(1), event(2), event(3, urls=["sho.rt"]), event(4, author="b"), event(4, author="b")]
    write(folder / "log.jsonl", "".join(json.dumps(e) + "\n" for e in log))
    want = subprocess.run([weir, "run", "--rules", folder / "rules", "--events", folder / "log.jsonl"], capture_output=True, text=True, check=True).stdout.splitlines()
    server = Server(weir, folder, tokens=False)
    assert server.ask("GET", "/v1/health/live")["live"] and server.ask("GET", "/v1/health/ready")["ready"]
    for e, line in zip(log, want):
        assert server.ask("POST", "/v1/evaluate", e) == json.loads(line)
    # The same as lines, and as an array, on a server of its own.
    server.stop()
    server = Server(weir, folder, tokens=False)
    assert server.ask("POST", "/v1/evaluate/batch", "".join(json.dumps(e) + "\n" for e in log[:3]) + "{}\n", kind="application/x-ndjson").splitlines()[:3] == want[:3]
    answers = server.ask("POST", "/v1/evaluate/batch", [*log[3:], {"author": 7}])
    assert answers[:2] == [json.loads(line) for line in want[3:]] and answers[2]["error"]["cause"]
    assert server.ask("POST", "/v1/evaluate/batch", []) == []
    why = server.ask("POST", "/v1/evaluate?explain=R-1", event(5, second=4))["explain"]
    assert why[0]["outcome"] == "true" and why[0]["id"] == "R-1"
    # Looking changes nothing.
    before = server.ask("GET", "/v1/status")["events"]["evaluated"]
    why = server.ask("POST", "/v1/explain", {"event": event(6, author="zoe"), "rule": "flood"})
    assert why["outcome"] == "false"
    assert server.ask("GET", "/v1/status")["events"]["evaluated"] == before
    assert 'weir_verdicts_total{verdict="review"}' in server.ask("GET", "/metrics")
    # What is wrong with a request.
    for path, body, kind, status in [
        ("/v1/evaluate", "{", "application/json", 400),
        ("/v1/evaluate", "", "application/json", 400),
        ("/v1/evaluate", "[" * 100000, "application/json", 400),
        ("/v1/evaluate", {"author": 7}, "application/json", 422),
        ("/v1/evaluate", event(7), "text/plain", 415),
        ("/v1/evaluate?event=gone", event(7), "application/json", 404),
        ("/v1/evaluate/batch", "[{},", "application/json", 400),
        ("/v1/evaluate/batch", "[1]", "application/json", 400),
        ("/v1/evaluate/batch", [{}] * 1001, "application/json", 413),
        ("/v1/evaluate", " " * (17 << 20), "application/json", 413),
        ("/v1/evaluate/batch?event=gone", [], "application/json", 404),
        ("/v1/evaluate/batch", "x", "text/plain", 415),
        ("/v1/explain", {"rule": "flood"}, "application/json", 422),
        ("/v1/explain", {"rule": "gone", "event": {}}, "application/json", 404),
        ("/v1/explain", "nonsense", "application/json", 400),
        ("/v1/gone", "{}", "application/json", 404),
    ]:
        server.ask("POST", path, body, expect=status, kind=kind)
    assert server.raw("DELETE", "/v1/evaluate")[0] == 405
    assert server.raw("HEAD", "/v1/status")[2] == b""
    # Nothing is changed by anybody.
    server.ask("POST", "/v1/labels/set", {"label": "spam", "key": "a"}, expect=403)
    server.ask("POST", "/v1/proposals", {"expected_generation": 1, "files": files()}, expect=403)
    assert server.stop() == 0


def publish(weir, folder):
    write_rules(folder)
    server = Server(weir, folder)
    for n in (1, 2, 3):
        server.ask("POST", "/v1/evaluate", event(n), "host")
    broken = server.ask("POST", "/v1/proposals", {"expected_generation": 1, "files": files(**{"post.weir": RULES.replace("texts >= 3", "tetxs >= 3")})}, "ann", 422)
    first = broken["diagnostics"][0]
    assert first["code"].startswith("WR") and "texts" in first["hint"] and "^" in broken["rendered"], broken
    status = server.ask("GET", "/v1/status", who="rita")
    assert status["last_load_error"]["by"] == "ann" and status["last_load_error"]["generation"] == 1 and status["generation"] == 1
    assert "weir_load_failures_total 1" in server.ask("GET", "/metrics", who="rita")
    edited = files(**{"post.weir": RULES.replace("texts >= 3", "texts >= 4")})
    made = server.ask("POST", "/v1/proposals", {"expected_generation": 1, "files": edited, "reason": "too many"}, "bob", 201)
    assert made["rules"] == {"added": [], "changed": ["R-1"], "removed": []}
    path = f"/v1/proposals/{made['id']}"
    server.ask("POST", path + "/approve", {}, "ann", 403)   # has not the role
    server.ask("POST", path + "/approve", {}, "bob", 403)   # its author
    assert server.ask("GET", path, who="rita")["stage"] == "open"
    other = server.ask("POST", "/v1/proposals", {"expected_generation": 1, "files": files(**{"post.weir": RULES.replace("texts >= 3", "texts >= 2")})}, "ann", 201)
    done = server.ask("POST", f"/v1/proposals/{other['id']}/approve", {"reason": "good"}, "bob")
    assert done["stage"] == "published" and done["generation"] == 2
    server.ask("POST", f"/v1/proposals/{other['id']}/approve", None, "bob", 409)  # closed
    server.ask("POST", "/v1/proposals", {"expected_generation": 1, "files": edited}, "ann", 409)  # compare and swap
    assert server.ask("POST", path + "/reject", {"reason": "overtaken"}, "ann")["stage"] == "rejected"
    server.ask("POST", path + "/reject", {}, "bob", 409)
    # State goes on: the fourth post of the window.
    answer = server.ask("POST", "/v1/evaluate", event(5, author="a", second=4), "host")
    assert answer["hits"][0]["because"] == "4 posts", answer
    assert server.ask("GET", "/v1/status", who="rita")["generation"] == 2
    back = server.ask("POST", "/v1/rollback", {"generation": 1, "expected_generation": 2, "reason": "worse"}, "olga")
    assert back["generation"] == 3 and back["digest"] == status["rules"]["digest"]
    server.ask("POST", "/v1/rollback", {"generation": 1, "expected_generation": 2}, "olga", 409)
    server.ask("POST", "/v1/rollback", {"generation": 99, "expected_generation": 3}, "olga", 404)
    server.ask("POST", "/v1/rollback", {}, "olga", 422)
    server.ask("POST", "/v1/rollback", {"generation": 1, "expected_generation": 3}, "ann", 403)
    server.ask("GET", "/v1/proposals/99", who="rita", expect=404)
    for verb in ("approve", "reject"):
        server.ask("POST", f"/v1/proposals/99/{verb}", {}, "bob", 404)
        server.ask("POST", f"/v1/proposals/99/{verb}", {"why": "x"}, "bob", 422)
    server.ask("POST", "/v1/proposals", b"no bundle", "ann", 422, kind="application/octet-stream")
    bundle = folder / "r.weirbundle"
    subprocess.run([weir, "bundle", "build", "--rules", folder / "rules", "--out", bundle], check=True, capture_output=True)
    server.ask("POST", "/v1/proposals?expected_generation=3&reason=bundle", bundle.read_bytes(), "ann", 201, kind="application/octet-stream")
    assert len(server.ask("GET", "/v1/proposals", who="rita")["proposals"]) == 3
    assert [g["generation"] for g in server.ask("GET", "/v1/generations", who="rita")["generations"]] == [3, 2, 1]
    assert {r["id"]: r["fired"] for r in server.ask("GET", "/v1/rules", who="rita")["rules"]}["R-1"] == 2
    for who, status_code in ((None, 401), ("host", 403)):
        server.ask("GET", "/v1/status", who=who, expect=status_code)
    assert server.stop() == 0
    audit = (folder / "audit.jsonl").read_text()
    for step, name in (("propose", "ann"), ("reject", "ann"), ("publish", "bob"), ("roll_back", "olga")):
        assert any(f'"step":"{step}"' in line and f'"by":"{name}"' in line for line in audit.splitlines()), (step, audit)
    published = next(json.loads(line) for line in audit.splitlines() if '"step":"publish"' in line)
    assert published["proposed_by"] == "ann" and published["reason"] == "good", published


def changes(weir, folder):
    write_rules(folder)
    server = Server(weir, folder)
    server.ask("POST", "/v1/labels/set", {"label": "spam", "key": "a"}, "olga", 422)  # as of when? no event has come
    server.ask("POST", "/v1/evaluate", event(1), "host")
    changed = server.ask("POST", "/v1/labels/set", {"label": "spam", "key": "a", "until": "2026-01-02T00:00:00Z", "reason": "seen"}, "olga")
    assert changed["before"] != changed["after"]
    found = server.ask("GET", "/v1/labels?entity=Account&key=a", who="rita")["labels"]
    assert found[0]["label"] == "spam" and found[0]["by_hand"] and found[0]["until"] == "2026-01-02T00:00:00Z"
    assert server.ask("POST", "/v1/evaluate", event(2), "host")["verdict"] == "challenge"
    server.ask("POST", "/v1/labels/unset", {"label": "spam", "key": "a"}, "olga")
    assert server.ask("POST", "/v1/evaluate", event(3, author="c"), "host")["verdict"] == "allow"
    assert server.ask("GET", "/v1/lists/shorteners", who="rita")["entries"] == 1
    server.ask("POST", "/v1/lists/shorteners/add", {"values": ["t.co", "a.b"]}, "olga")
    server.ask("POST", "/v1/lists/shorteners/remove", {"values": ["a.b"], "reason": "no"}, "olga")
    assert server.ask("GET", "/v1/lists", who="rita")["lists"][0]["entries"] == 2
    assert server.ask("POST", "/v1/evaluate", event(4, author="d", urls=["t.co"]), "host")["verdict"] == "block"
    server.ask("POST", "/v1/lists/shorteners/replace", {"values": []}, "olga")
    server.ask("POST", "/v1/snoozes", {"rule": "R-1", "key": "a", "reason": "ours"}, "olga")
    assert server.ask("GET", "/v1/snoozes", who="rita")["snoozes"][0]["by"] == "olga"
    assert server.ask("POST", "/v1/evaluate", event(5), "host")["hits"][0]["outcome"] == "snoozed"
    server.ask("POST", "/v1/snoozes/end", {"rule": "R-1", "key": "a"}, "olga")
    assert server.ask("GET", "/v1/snoozes", who="rita")["snoozes"] == []
    server.ask("POST", "/v1/limits/reset", {"rule": "R-1"}, "olga")
    for path, gone in [("/v1/labels/set", {"label": "x", "key": "a"}), ("/v1/labels/unset", {"label": "x", "key": "a"}), ("/v1/lists/x/add", {"values": []}),
                       ("/v1/lists/x/remove", {"values": []}), ("/v1/lists/x/replace", {"values": []}), ("/v1/snoozes", {"rule": "x"}),
                       ("/v1/snoozes/end", {"rule": "x"}), ("/v1/limits/reset", {"rule": "x"})]:
        server.ask("POST", path, gone, "olga", 404)
        server.ask("POST", path, {"values": 7, "unknown": 1}, "olga", 422)
        server.ask("POST", path, "{", "olga", 400)
        server.ask("POST", path, "{}", "olga", 415, kind="text/plain")
        server.ask("POST", path, gone, "rita", 403)
        server.ask("POST", path, gone, None, 401)
    server.ask("GET", "/v1/lists/x", who="rita", expect=404)
    server.ask("GET", "/v1/labels", who="rita", expect=422)
    server.ask("GET", "/v1/labels?entity=X&key=a", who="rita", expect=404)
    server.ask("POST", "/v1/snapshot", None, "olga", 422)  # it keeps no state
    assert server.stop() == 0
    audit = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
    assert audit.pop(0)["step"] == "start"
    assert [a["change"] for a in audit] == ["set_label", "clear_label", "add_to_list", "remove_from_list", "replace_list", "snooze", "end_snooze", "reset_limit"]
    assert all(a["by"] == "olga" for a in audit)


def state(weir, folder):
    """Killed and stopped, it goes on where it was; a replay of what it logged gives what it gave."""
    write_rules(folder)
    options = ("--state", str(folder / "state"))
    server = Server(weir, folder, *options)
    server.ask("POST", "/v1/evaluate", event(1), "host")
    server.ask("POST", "/v1/snapshot", None, "olga")
    server.ask("POST", "/v1/evaluate", event(2), "host")
    server.ask("POST", "/v1/labels/set", {"label": "spam", "key": "z"}, "olga")
    server.stop(signal.SIGKILL)
    server = Server(weir, folder, *options)
    assert server.ask("POST", "/v1/evaluate", event(3), "host")["hits"][0]["because"] == "3 posts"
    assert server.ask("GET", "/v1/labels?entity=Account&key=z", who="rita")["labels"]
    assert server.stop() == 0
    assert list((folder / "state").glob("snapshot-*"))
    server = Server(weir, folder, *options)
    assert server.ask("POST", "/v1/evaluate", event(4), "host")["hits"][0]["because"] == "4 posts"
    assert server.stop() == 0


def limits(weir, folder):
    write_rules(folder)
    server = Server(weir, folder, "--rate", "5", "--head-timeout", "1s", "--max-body", "1KiB", "--max-connections", "3", tokens=False)

    def talk(text, pause=0.0):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as s:
            s.sendall(text)
            time.sleep(pause)
            out = b""
            while chunk := s.recv(65536):
                out += chunk
            return out.decode()

    assert talk(b"GET /v1/health/live HTTP/1.1\r\nHost: x\r\nSlow").startswith("HTTP/1.1 408")
    assert talk(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n").startswith("HTTP/1.1 431")
    assert talk(b"GET / HTTP/3.0\r\n\r\n").startswith("HTTP/1.1 505")
    assert talk(b"nonsense\r\n\r\n").startswith("HTTP/1.1 400")
    assert talk(b"GET /v1/health/live HTTP/1.1\r\n\r\n").startswith("HTTP/1.1 400")  # no Host
    assert talk(b"GET /v1/health/live HTTP/1.0\r\n\r\n").startswith("HTTP/1.1 200")
    assert talk(b"POST /v1/evaluate HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n").startswith("HTTP/1.1 400")
    assert talk(b"POST /v1/evaluate HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n").startswith("HTTP/1.1 413")
    # Pipelined, in order, the last one closing.
    two = b"GET /v1/health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/gone HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = talk(two)
    assert answer.index("HTTP/1.1 200") < answer.index("HTTP/1.1 404"), answer
    # Chunked, with 100-continue.
    body = json.dumps(event(1)).encode()
    chunked = b"POST /v1/evaluate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as s:
        s.sendall(chunked)
        assert s.recv(100).startswith(b"HTTP/1.1 100")
        s.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        assert s.recv(65536).startswith(b"HTTP/1.1 200")
    codes = [server.raw("GET", "/v1/status")[0] for _ in range(12)]
    assert 429 in codes, codes
    status, headers, _ = next(r for r in (server.raw("GET", "/v1/status") for _ in range(20)) if r[0] == 429)
    assert int(headers["Retry-After"]) >= 1
    # Over the limit of connections: closed at once.
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
    time.sleep(0.3)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as s:
        try:
            s.sendall(b"GET /v1/health/live HTTP/1.1\r\n\r\n")
            assert s.recv(100) == b""
        except ConnectionError:
            pass
    for s in held:
        s.close()
    assert server.stop() == 0


def secure(weir, folder):
    write_rules(folder)
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    server = Server(weir, folder, tls=(cert, key))
    assert server.ask("POST", "/v1/evaluate", event(1), "host")["verdict"] == "allow"
    # The tokens are read again; those who are gone are out.
    lines = (folder / "tokens").read_text().splitlines()
    (folder / "tokens").write_text("\n".join(line for line in lines if not line.startswith("rita")) + "\n")
    server.ask("GET", "/v1/status", who="rita")
    server.process.send_signal(signal.SIGHUP)
    for _ in range(100):
        if server.raw("GET", "/v1/status", headers={"Authorization": "Bearer " + token("rita")})[0] == 401:
            break
        time.sleep(0.05)
    server.ask("GET", "/v1/status", who="rita", expect=401)
    assert server.stop() == 0

    def refused(*options, why):
        done = subprocess.run([weir, "serve", "--rules", folder / "rules", "--port", "0", *options], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and why in done.stderr, done.stderr

    refused("--host", "0.0.0.0", why="without --tokens")
    refused("--tokens", folder / "tokens", why="--audit")
    refused("--host", "0.0.0.0", "--tokens", folder / "tokens", "--audit", folder / "a", why="in the clear")
    (folder / "tokens").chmod(0o644)
    refused("--tokens", folder / "tokens", "--audit", folder / "a", why="chmod 600")


def shutdown(weir, folder):
    """SIGTERM under load: whoever got an answer was counted, and nobody gets half of one."""
    write_rules(folder)
    server = Server(weir, folder, "--state", str(folder / "state"), tokens=False)
    answered = []

    def client(c):
        connection = server.connection()
        for n in range(100000):
            try:
                connection.request("POST", "/v1/evaluate", json.dumps({**event(1), "id": f"{c}-{n}"}), {"Content-Type": "application/json"})
                answer = connection.getresponse()
                json.loads(answer.read())
            except (OSError, http_error):
                return n
            answered.append(1)
            if answer.headers.get("Connection") == "close":
                return n + 1
        return n

    import http.client
    http_error = http.client.HTTPException
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        running = [pool.submit(client, c) for c in range(4)]
        time.sleep(1)
        code = server.stop()
        for r in running:
            r.result()
    assert code == 0 and len(answered) > 20
    server = Server(weir, folder, "--state", str(folder / "state"), tokens=False)
    answer = server.ask("POST", "/v1/evaluate", {**event(1), "id": "last"})
    counted = int(answer["hits"][0]["because"].split()[0])
    assert counted >= len(answered) + 1, (counted, len(answered))
    assert server.stop() == 0


def watch(weir, folder):
    """Files that change decide; files that are wrong change nothing, and that is seen."""
    write_rules(folder)
    server = Server(weir, folder, "--watch")
    server.ask("POST", "/v1/evaluate", event(1), "host")

    def until(what):
        for _ in range(200):
            status = server.ask("GET", "/v1/status", who="rita")
            if what(status):
                return status
            time.sleep(0.05)
        raise AssertionError(status)

    write(folder / "rules/post.weir", RULES.replace("texts >= 3", "texts >= 2"))
    status = until(lambda s: s["generation"] == 2)
    assert status["published_by"] == "the files" and status["rules"]["count"] == 3
    assert server.ask("POST", "/v1/evaluate", event(2), "host")["hits"][0]["because"] == "2 posts"
    write(folder / "rules/post.weir", RULES.replace("texts >= 3", "tetxs >= 2"))
    status = until(lambda s: s["last_load_error"])
    assert status["generation"] == 2 and status["last_load_error"]["diagnostics"][0]["code"].startswith("WR")
    write(folder / "rules/post.weir", RULES)
    assert until(lambda s: s["generation"] == 3)["last_load_error"] is None
    assert server.stop() == 0
    assert '"step":"reload"' in (folder / "audit.jsonl").read_text()


def edited(least):
    return files(**{"post.weir": RULES.replace("texts >= 3", f"texts >= {least}")})


def publish_files(server, expected, given):
    """By ann, approved by bob; the generation."""
    made = server.ask("POST", "/v1/proposals", {"expected_generation": expected, "files": given}, "ann", 201)
    return server.ask("POST", f"/v1/proposals/{made['id']}/approve", {"reason": "good"}, "bob")["generation"]


def kept(weir, folder):
    """What was published decides after a restart, with who let it; what is damaged is passed over, and that is said."""
    write_rules(folder)
    options = ("--state", str(folder / "state"))

    def status():
        return server.ask("GET", "/v1/status", who="rita")

    def because(number):
        return server.ask("POST", "/v1/evaluate", event(number), "host")["hits"]

    server = Server(weir, folder, *options)
    assert status()["began_with"] == {"generation": 1, "from": "rules", "notes": []}
    assert publish_files(server, 1, edited(2)) == 2 and publish_files(server, 2, edited(1)) == 3
    before = status()
    server.stop(signal.SIGKILL)
    server = Server(weir, folder, *options)
    now = status()
    assert now["began_with"] == {"generation": 3, "from": "kept", "notes": []}, now
    for same in ("generation", "published", "published_by", "proposed_by", "reason", "rules"):
        assert now[same] == before[same], same
    assert because(1)[0]["because"] == "1 posts"
    # The way back is there, too.
    assert server.ask("POST", "/v1/rollback", {"generation": 2, "expected_generation": 3}, "olga")["generation"] == 4
    assert server.stop() == 0
    newest = sorted((folder / "state").glob("published-*.rules"))[-1]
    whole = newest.read_bytes()
    newest.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    server = Server(weir, folder, *options)
    now = status()
    assert now["generation"] == 3 and "generation 4" in now["began_with"]["notes"][0] and "hash" in now["began_with"]["notes"][0], now
    # Numbers are not used twice.
    assert server.stop() == 0
    server = Server(weir, folder, *options, "--rules-first")
    now = status()
    assert now["step"] == "reload" and now["published_by"] == "the command line" and now["generation"] > 4, now
    assert server.stop() == 0
    server = Server(weir, folder, *options)
    assert status()["generation"] == now["generation"] and status()["rules"] == now["rules"]
    assert server.stop() == 0
    for file in (folder / "state").glob("published-*.rules"):
        file.write_bytes(b"WEIRPUBL")
    server = Server(weir, folder, *options)
    assert status()["began_with"]["from"] == "rules" and len(status()["began_with"]["notes"]) >= 4
    assert status()["generation"] == now["generation"] + 1
    assert server.stop() == 0
    steps = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
    assert [s["step"] for s in steps].count("start") == 6
    assert subprocess.run([weir, "state", "audit", "verify", folder / "audit.jsonl"], capture_output=True).returncode == 0


def rollout(weir, folder):
    """A candidate beside the rules that decide: by people, by its conditions, over a restart."""
    write_rules(folder)
    options = ("--state", str(folder / "state"))
    server = Server(weir, folder, *options)
    number = 0

    def send(n):
        nonlocal number
        verdicts = []
        for _ in range(n):
            number += 1
            verdicts.append(server.ask("POST", "/v1/evaluate", event(number, author=f"u{number}", second=0), "host")["verdict"])
        return verdicts

    def propose(expected, least):
        return server.ask("POST", "/v1/proposals", {"expected_generation": expected, "files": edited(least)}, "ann", 201)["id"]

    def start(which, who="bob", expect=200, **asked):
        return server.ask("POST", f"/v1/proposals/{which}/rollout", asked, who, expect)

    def until(stage):
        for _ in range(200):
            report = server.ask("GET", "/v1/rollout", who="rita")
            if report["stage"] == stage:
                return report
            time.sleep(0.05)
        raise AssertionError(report)

    server.ask("GET", "/v1/rollout", who="rita", expect=404)
    server.ask("POST", "/v1/rollout/promote", {}, "bob", 409)
    server.ask("POST", "/v1/rollout/rollback", {}, "olga", 409)
    server.ask("POST", "/v1/rollout/labels", {"labels": []}, "olga", 409)
    start(99, expect=404)
    first = propose(1, 1)
    start(first, who="ann", expect=403)  # has not the role
    start(first, min_overlap=0.5, expect=422)  # when?
    start(first, events=0, min_overlap=-1, expect=422)
    report = start(first, reason="let us see")
    assert report["stage"] == "running" and report["generation"] == 2 and report["started_by"] == "bob" and report["proposed_by"] == "ann", report
    start(propose(2, 4), expect=409)  # one at a time
    assert set(send(5)) == {"allow"}  # the live rules decide
    report = server.ask("GET", "/v1/rollout", who="rita")
    figures = report["figures"]
    assert figures["events"] == 5 and figures["verdicts"]["changed"] == 5 and figures["rules"][0]["id"] == "R-1", report
    assert figures["samples"][0]["candidate"] == "review" and figures["samples"][0]["only_candidate"] == ["R-1"]
    assert server.ask("GET", "/v1/status", who="rita")["rollout"]["proposal"] == first
    assert {r["id"]: r["fired"] for r in server.ask("GET", "/v1/rules", who="rita")["rules"]}["R-1"] == 0
    labels = [{"event": "e1", "positive": True}, {"event": "gone", "positive": False}]
    assert server.ask("POST", "/v1/rollout/labels", {"labels": labels}, "olga") == {"taken": 1, "not_remembered": ["gone"]}
    server.ask("POST", "/v1/rollout/labels", {"labels": [{"event": 1}]}, "olga", 422)
    done = server.ask("POST", "/v1/rollout/promote", {"reason": "good"}, "bob")
    assert done["stage"] == "promoted" and done["generation"] == 3 and done["ended_by"] == "bob", done
    assert send(1) == ["review"]
    assert server.ask("GET", f"/v1/proposals/{first}", who="rita")["stage"] == "published"
    # By its conditions: it would raise no alert at all.
    start(propose(3, 100), events=5, min_overlap=0.8)
    send(6)
    report = until("rolled_back")
    assert "not met" in report["why"] and report["ended_by"] == "the gate" and report["generation"] == 5, report
    assert send(1) == ["review"]
    start(propose(5, 1), events=3)  # the same
    send(4)
    assert until("promoted")["generation"] == 7
    # Something else is published meanwhile.
    start(propose(7, 2))
    assert publish_files(server, 8, edited(3)) == 9
    assert until("overtaken")["generation"] == 9
    # A restart ends it, and says so.
    start(propose(9, 2))
    send(2)
    server.stop(signal.SIGKILL)
    server = Server(weir, folder, *options)
    status = server.ask("GET", "/v1/status", who="rita")
    assert status["generation"] == 11 and status["step"] == "rollout_ended" and status["rollout"] is None, status
    assert set(send(2)) == {"allow"}
    assert server.stop() == 0
    steps = [json.loads(line)["step"] for line in (folder / "audit.jsonl").read_text().splitlines()]
    assert [s for s in steps if s not in ("propose", "publish")] == ["start", "rollout", "rollout_labels", "promote", "rollout", "rollout_rolled_back", "rollout", "promote",
                                                                      "rollout", "rollout", "start", "rollout_ended"], steps


def trust(weir, folder):
    """Only signed bundles, only forward; a restart too."""
    write_rules(folder)

    def run(*command):
        return subprocess.run([weir, *map(str, command)], check=True, capture_output=True, text=True)

    run("bundle", "keygen", folder / "key")
    run("bundle", "keygen", folder / "other")

    def bundle(name, least, *more, key="key"):
        write(folder / "rules/post.weir", RULES.replace("texts >= 3", f"texts >= {least}"))
        run("bundle", "build", "--rules", folder / "rules", "--out", folder / name, "--key", folder / key, *more)
        return (folder / name).read_bytes()

    first = bundle("1.weirb", 3)
    second = bundle("2.weirb", 1, "--parent", folder / "1.weirb")
    stranger = bundle("3.weirb", 1, "--parent", folder / "1.weirb", key="other")
    options = ("--state", str(folder / "state"), "--trust", str(folder / "key.pub"))
    server = Server(weir, folder, *options, rules="1.weirb")

    def propose(text, expected, code):
        return server.ask("POST", f"/v1/proposals?expected_generation={expected}", text, "ann", code, kind="application/octet-stream")

    server.ask("POST", "/v1/proposals", {"expected_generation": 1, "files": files()}, "ann", 403)
    for refused in (stranger, second[:-1] + bytes([second[-1] ^ 1])):
        assert "detail" in propose(refused, 1, 422)
    made = propose(second, 1, 201)
    server.ask("POST", f"/v1/proposals/{made['id']}/approve", {}, "bob")
    assert "older" in propose(first, 2, 422)["detail"]
    server.ask("POST", "/v1/rollback", {"generation": 1, "expected_generation": 2}, "olga", 403)
    assert server.ask("GET", "/v1/status", who="rita")["rules"]["release"] == 2
    assert server.stop() == 0
    server = Server(weir, folder, *options, rules="1.weirb")
    status = server.ask("GET", "/v1/status", who="rita")
    assert status["rules"]["release"] == 2 and status["generation"] == 2 and status["began_with"]["from"] == "kept", status
    assert server.stop() == 0
    # Kept, but of nobody who is trusted any more.
    server = Server(weir, folder, "--state", str(folder / "state"), "--trust", str(folder / "other.pub"), rules="3.weirb")
    status = server.ask("GET", "/v1/status", who="rita")
    assert status["began_with"]["from"] == "rules" and len(status["began_with"]["notes"]) == 1, status
    assert server.stop() == 0


def status(weir, folder):
    """`weir status` knows which files decide; verdicts name them."""
    write_rules(folder)
    server = Server(weir, folder)
    write(folder / "token", token("rita") + "\n")
    rules = folder / "rules"

    def ask(*more, url=None):
        return subprocess.run([weir, "status", "--server", url or f"http://127.0.0.1:{server.port}", "--token-file", folder / "token", *more], capture_output=True, text=True)

    def hash_of_verdict(n):
        code, headers, _ = server.raw("POST", "/v1/evaluate", json.dumps(event(n)), {"Content-Type": "application/json", "Authorization": "Bearer " + token("host")})
        assert code == 200
        return headers["Weir-Rules"], headers["Weir-Generation"]

    found = ask("--rules", rules)
    assert found.returncode == 0 and "yes: the files decide" in found.stdout, found
    assert hash_of_verdict(1)[0] in found.stdout
    assert publish_files(server, 1, edited(2)) == 2
    found = ask("--rules", rules)
    assert found.returncode == 1 and "NO: other rules decide" in found.stdout, found
    write(rules / "post.weir", RULES.replace("texts >= 3", "texts >= 2"))
    found = ask("--rules", rules, "--generation", "2")
    assert found.returncode == 0 and "publish, by bob, proposed by ann" in found.stdout, found
    assert hash_of_verdict(2) == (json.loads(ask("--format", "json").stdout)["rules"]["hash"], "2")
    assert ask("--generation", "1").returncode == 1
    bundle = folder / "r.weirbundle"
    subprocess.run([weir, "bundle", "build", "--rules", rules, "--out", bundle], check=True, capture_output=True)
    assert ask("--rules", bundle).returncode == 0
    for url in ("http://127.0.0.1:1", "ftp://x", "https://127.0.0.1:%d" % server.port):
        assert ask(url=url).returncode == 2, url
    write(folder / "token", "wrong")
    assert "401" in ask().stderr
    assert server.stop() == 0


def deadline(weir, folder):
    """A request that must be answered in time is, with the verdict that weir.yaml declares."""
    write(folder / "rules/weir.yaml", "protect: {fail: review}\n")
    write(folder / "rules/slow.weir", """
event post { n: int  s: string }
feature seen = count() from post by post.s over 1h
rule slow on post { id "R-1" when [0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, [0,1,2,3,4,5,6,7,8,9].all(d,
  [0,1,2,3,4,5,6,7,8,9].all(e, a + b + c + d + e + post.n >= 0))))) then { verdict block } mode live }
rule often on post { id "R-2" when seen >= 4 then { verdict challenge } mode live }
""")
    server = Server(weir, folder, tokens=False)

    def post(n, several=0, **headers):
        one = {"time": "2026-01-01T00:00:00Z", "id": f"e{n}", "n": 1, "s": "a"}
        body, path = (one, "/v1/evaluate") if several == 0 else ([{**one, "id": f"e{n}-{i}"} for i in range(several)], "/v1/evaluate/batch")
        code, _, text = server.raw("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})
        return code, json.loads(text)

    code, answer = post(1, **{"Weir-Timeout": "1ms"})
    assert code == 200 and answer["expired"] and answer["verdict"] == "review" and answer["hits"] == [], answer
    begun = time.monotonic()
    code, answers = post(2, 3, **{"Weir-Timeout": "2ms"})
    assert code == 200 and all(a["expired"] and a["verdict"] == "review" for a in answers), answers
    assert time.monotonic() - begun < 5
    for wrong in ("soon", "0ms", "-1s"):
        assert post(3, **{"Weir-Timeout": wrong})[0] == 400
    status = server.ask("GET", "/v1/status")
    assert status["events"]["expired"] == 4
    assert "weir_events_expired_total 4" in server.ask("GET", "/metrics")
    # They count in features.
    code, answer = post(5, **{"Weir-Timeout": "60s"})
    assert {h["id"]: h["outcome"] for h in answer["hits"]}["R-2"] == "fired" and "expired" not in answer, answer
    assert server.stop() == 0
    server = Server(weir, folder, "--deadline", "1ms", tokens=False)
    assert post(1)[1]["expired"]
    assert server.stop() == 0


def operations(weir, folder):
    """The commands of docs/operations.md."""
    write_rules(folder)
    page = (pathlib.Path(__file__).parents[2] / "docs/operations.md").read_text()
    commands = re.findall(r"<!-- run -->\n```sh\n(.*?)```", page, re.S)
    assert commands
    path = f"{pathlib.Path(weir).parent}:{os.environ['PATH']}"
    for block in commands:
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\nset -m\n" + block], cwd=folder, env={**os.environ, "PATH": path},
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr + (folder / "serve.log").read_text()
        assert '"spam"' in done.stdout, done.stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        globals()[sys.argv[2]](sys.argv[1], pathlib.Path(folder))
