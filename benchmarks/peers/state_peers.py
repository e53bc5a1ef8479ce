#!/usr/bin/env python3
"""One velocity counter, the same stream: Weir beside Redis and DuckDB.

    benchmarks/peers/state_peers.py --weir build/tools/weir [--events 200000] [--accounts 20000]

The question to each: how many events are there of this account within the last ten minutes, this one included, and is
that at least 12? Redis (apt: redis-server) is asked over a local socket as velocity counters usually are: INCR and
EXPIRE of a fixed window, and a sorted set for a sliding one; an event a round trip, and 500 events a round trip, which
a service that must answer before it sees the next event cannot do. DuckDB (PyPI: duckdb) computes the batch with a
window function. Weir reads the stream as JSON lines, which the others are spared. Alerts must agree where the window
is the same. Redis and DuckDB are skipped if they are not there; the Redis server is the script's own and ends with it.
"""
import argparse
import json
import os
import random
import resource
import socket
import subprocess
import sys
import tempfile
import time

WINDOW_MS = 600_000
THRESHOLD = 12

RULES = """event login { account: string }
feature n = count() from login by login.account over 10m exact
rule busy on login { id "R-1" when n >= 12 score 1 mode live because "{n}" }
"""
PANE_RULES = RULES.replace(" exact", "")


def make_stream(events, accounts):
    """(milliseconds, account) with times of their own, so that no window depends on how ties are taken."""
    rng = random.Random(7)
    t = 1_700_000_000_000
    stream = []
    for _ in range(events):
        t += rng.randint(1, 20)
        hot = rng.random() < 0.3
        stream.append((t, f"u{rng.randrange(accounts // 10) if hot else rng.randrange(accounts)}"))
    return stream


class Redis:
    """A server of our own on a Unix socket, and the least client there is: requests are encoded beforehand."""

    def __init__(self, directory):
        path = os.path.join(directory, "redis.sock")
        self.server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", directory],
            stdout=subprocess.DEVNULL,
        )
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        for _ in range(100):
            try:
                self.socket.connect(path)
                break
            except OSError:
                time.sleep(0.05)
        self.buffer = b""

    def close(self):
        self.socket.close()
        self.server.terminate()
        self.server.wait()

    @staticmethod
    def command(*parts):
        out = b"*%d\r\n" % len(parts)
        for part in parts:
            data = str(part).encode()
            out += b"$%d\r\n%s\r\n" % (len(data), data)
        return out

    def replies(self, n):
        """n integer replies."""
        out = []
        while len(out) < n:
            end = self.buffer.find(b"\r\n")
            if end < 0:
                more = self.socket.recv(1 << 16)
                if not more:
                    sys.exit("redis closed the connection")
                self.buffer += more
                continue
            lines = self.buffer.split(b"\r\n")
            self.buffer = lines.pop()
            for line in lines:
                if not line.startswith(b":"):
                    sys.exit(f"redis: {line.decode()}")
                out.append(int(line[1:]))
        return out

    def info(self, field):
        self.socket.sendall(self.command("INFO", "memory"))
        text = b""
        while field.encode() not in text or not text.endswith(b"\r\n"):
            text += self.socket.recv(1 << 16)
        return int(text.decode().split(field + ":")[1].split("\r\n")[0])

    def cpu_seconds(self):
        with open(f"/proc/{self.server.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fixed_window(t, account):
    key = f"c:{account}:{t // WINDOW_MS}"
    return Redis.command("INCR", key) + Redis.command("EXPIRE", key, WINDOW_MS // 1000), 2, 0


def sliding_window(t, account):
    key = f"z:{account}"
    return (
        Redis.command("ZREMRANGEBYSCORE", key, "-inf", t - WINDOW_MS)
        + Redis.command("ZADD", key, t, t)
        + Redis.command("ZCARD", key)
        + Redis.command("EXPIRE", key, WINDOW_MS // 1000),
        4,
        2,
    )


def run_redis(stream, counter, batch):
    with tempfile.TemporaryDirectory() as directory:
        redis = Redis(directory)
        empty = redis.info("used_memory")
        requests = [counter(t, account) for t, account in stream]
        chunks = []
        for i in range(0, len(requests), batch):
            part = requests[i : i + batch]
            chunks.append((b"".join(r[0] for r in part), len(part)))
        commands, answer = requests[0][1], requests[0][2]
        alerts = 0
        cpu = redis.cpu_seconds()
        start = time.perf_counter()
        for data, events in chunks:
            redis.socket.sendall(data)
            replies = redis.replies(events * commands)
            alerts += sum(count >= THRESHOLD for count in replies[answer::commands])
        seconds = time.perf_counter() - start
        cpu = redis.cpu_seconds() - cpu
        memory = redis.info("used_memory") - empty
        redis.close()
    return seconds, cpu, alerts, memory


def run_duckdb(stream):
    import duckdb

    db = duckdb.connect()
    db.execute("SET threads = 1")
    db.execute("CREATE TABLE login (t TIMESTAMP, account VARCHAR)")
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as f:
        f.writelines(f"{t},{account}\n" for t, account in stream)
        f.flush()
        db.execute(f"INSERT INTO login SELECT make_timestamp(c0 * 1000), c1 FROM read_csv('{f.name}', header = false, names = ['c0', 'c1'])")
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    alerts = db.execute(
        f"""SELECT count(*) FROM (SELECT count(*) OVER (PARTITION BY account ORDER BY t
            RANGE BETWEEN INTERVAL {WINDOW_MS * 1000 - 1} MICROSECONDS PRECEDING AND CURRENT ROW) AS n FROM login)
            WHERE n >= {THRESHOLD}"""
    ).fetchone()[0]
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, alerts, None


def run_weir(weir, rules, events_path):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "peers.weir")
        with open(path, "w") as f:
            f.write(rules)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = subprocess.run(
            [weir, "backtest", "--rules", path, "--events", events_path, "--no-cost", "--format", "json"],
            check=True,
            capture_output=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        report = json.loads(out.stdout)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return report["run"]["seconds"], cpu, report["rules"][0]["fires"], report["run"]["state_bytes"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", required=True, help="the program: build/tools/weir")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--accounts", type=int, default=20_000)
    args = parser.parse_args()
    stream = make_stream(args.events, args.accounts)

    rows = []
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as f:
        for t, account in stream:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t // 1000))
            f.write(f'{{"time":"{stamp}.{t % 1000:03d}Z","account":"{account}"}}\n')
        f.flush()
        rows.append(("weir, sliding (exact)", run_weir(args.weir, RULES, f.name), "JSON to verdict"))
        rows.append(("weir, sliding (60 panes)", run_weir(args.weir, PANE_RULES, f.name), "JSON to verdict"))
    try:
        for name, counter in (("fixed: INCR, EXPIRE", fixed_window), ("sliding: sorted set", sliding_window)):
            rows.append((f"redis, {name}", run_redis(stream, counter, 1), "an event a round trip"))
            rows.append((f"redis, {name}", run_redis(stream, counter, 500), "500 events a round trip"))
    except FileNotFoundError:
        print("redis-server is not installed: skipped", file=sys.stderr)
    try:
        rows.append(("duckdb, window function", run_duckdb(stream), "the whole batch, one thread"))
    except ImportError:
        print("the duckdb module is not installed: skipped", file=sys.stderr)

    print(f"{args.events} events of {args.accounts} accounts; alert at {THRESHOLD} in 10 minutes\n")
    print(f"{'':34}{'events/s':>11}{'us/event':>10}{'CPU us':>8}{'alerts':>9}{'state MB':>10}")
    for name, (seconds, cpu, alerts, memory), how in rows:
        size = "" if memory is None else f"{memory / 1e6:.1f}"
        per = 1e6 / args.events
        print(f"{name:34}{args.events / seconds:>11,.0f}{seconds * per:>10.2f}{cpu * per:>8.2f}{alerts:>9,}{size:>10}  {how}")
    exact = {alerts for name, (_, _, alerts, _), _ in rows if "exact" in name or "sorted set" in name or "duckdb" in name}
    if len(exact) != 1:
        sys.exit("the exact sliding windows do not agree")


if __name__ == "__main__":
    main()
