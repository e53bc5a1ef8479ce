"""How `run` talks with a peer: a process that has decoded the events of one workload and will load one rule set.

One line of JSON on standard output for each line on standard input, and one first: {"events": N} once all events are
decoded.

    load             {"cpu_ns": …, "wall_ns": …}: rule text to the verdict on the first event
    totals K         {"matches": …, "checksum": …} over the first K events
    time SECONDS K   the same, and {"passes": …, "cpu_ns": …, "wall_ns": …}: passes over the first K events until
                     SECONDS of CPU time are spent, at least one

CPU time is that of the process; every engine runs on one thread. peer.h is the same for C++.
"""
import json
import sys
import time


def serve(events, load, evaluate):
    """load() makes evaluate(k) -> (matches, checksum) ready."""

    def answer(**fields):
        print(json.dumps(fields), flush=True)

    answer(events=events)
    for line in sys.stdin:
        command, *arguments = line.split()
        cpu, wall = time.process_time_ns(), time.perf_counter_ns()

        def spent():
            return {"cpu_ns": time.process_time_ns() - cpu, "wall_ns": time.perf_counter_ns() - wall}

        if command == "load":
            load()
            evaluate(1)
            answer(**spent())
        elif command == "totals":
            matches, checksum = evaluate(int(arguments[0]))
            answer(matches=matches, checksum=checksum)
        elif command == "time":
            passes = 0
            while passes == 0 or spent()["cpu_ns"] < float(arguments[0]) * 1e9:
                matches, checksum = evaluate(int(arguments[1]))
                passes += 1
            answer(matches=matches, checksum=checksum, passes=passes, **spent())
        else:
            sys.exit(f"unknown command: {line}")
