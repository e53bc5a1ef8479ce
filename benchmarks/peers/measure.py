"""Starts peers, holds them against what the workload expects, and times those that agree, interleaved."""
import json
import os
import statistics
import subprocess
import sys
import typing


class Measured(typing.NamedTuple):
    """An engine on one rule set. Where `error` is not None there are no figures."""

    error: str | None
    disagrees: bool = False
    ns_per_event: float = 0  # median
    runs: tuple = ()  # ns an event, each
    load_ms: float = 0  # rule text to the verdict on the first event
    resident_mb: float = 0  # what rules and their evaluation added to a process that had the events


class PeerFailed(Exception):
    pass


class Disagreement(PeerFailed):
    pass


class Peer:
    """The process; see protocol.py."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.events = self.answer()["events"]
        self.before = self.resident_bytes()
        self.load_ns = self.added = 0
        self.runs = []

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise PeerFailed(self.process.communicate()[1].strip()[-500:] or "it ended without a word")
        return json.loads(line)

    def ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return self.answer()

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()
        self.process.wait()


def check(answer, expected, count):
    seen = answer["matches"], answer["checksum"]
    if seen != expected[count - 1]:
        raise Disagreement(f"after event {count}: matches, checksum {seen}, expected {expected[count - 1]}")


def start(engine, context, rules, expected, marks):
    """A peer that agrees at every mark, or a Measured that says what is wrong."""
    peer = None
    try:
        peer = Peer(engine.command(context, rules))
        if peer.events != len(expected):
            raise PeerFailed(f"{peer.events} events read of {len(expected)}")
        peer.load_ns = peer.ask("load")["cpu_ns"]
        for count in marks:
            check(peer.ask("totals", count), expected, count)
        peer.added = peer.resident_bytes() - peer.before
        return peer
    except Exception as error:  # whatever one engine's build says, the others go on
        if peer is not None:
            peer.process.kill()
            peer.close()
        return Measured(str(error) or repr(error), isinstance(error, Disagreement))


def measure(engines, context, rules, *, repeat, seconds, events):
    """{engine name: Measured} for one rule set over the first `events` events."""
    expected = context.workload.expected(rules)
    marks = sorted({max(1, events // 7), max(1, events // 2), events})
    out, peers = {}, {}
    for engine in engines:
        print(f"{rules} rules: {engine.label} …", file=sys.stderr)
        started = start(engine, context, rules, expected, marks)
        if isinstance(started, Peer):
            peers[engine.name] = started
        else:
            print(f"{rules} rules: {engine.label}: {started.error}", file=sys.stderr)
            out[engine.name] = started
    for _ in range(repeat):
        for name, peer in list(peers.items()):
            try:
                answer = peer.ask("time", seconds, events)
                check(answer, expected, events)
                peer.runs.append(answer["cpu_ns"] / answer["passes"] / events)
            except PeerFailed as error:
                out[name] = Measured(str(error), isinstance(error, Disagreement))
                peers.pop(name).process.kill()
    for name, peer in peers.items():
        median = statistics.median(peer.runs)
        out[name] = Measured(None, False, median, tuple(peer.runs), peer.load_ns / 1e6, peer.added / 1e6)
        peer.close()
    return {engine.name: out[engine.name] for engine in engines}
