// The C++ side of what protocol.py describes: a peer answers `run` line by line.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace peer {

struct Totals {
  uint64_t matches = 0, checksum = 0;
};

inline uint64_t nanoseconds(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

struct Spent {
  uint64_t cpu_start = nanoseconds(CLOCK_PROCESS_CPUTIME_ID), wall_start = nanoseconds(CLOCK_MONOTONIC);
  uint64_t cpu() const { return nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start; }
  uint64_t wall() const { return nanoseconds(CLOCK_MONOTONIC) - wall_start; }
};

// load() returns whether evaluate(k) is ready: Totals of the first k events.
template <class Load, class Evaluate>
int serve(size_t events, Load load, Evaluate evaluate) {
  using Number = unsigned long long;
  std::printf("{\"events\": %zu}\n", events);
  std::fflush(stdout);
  char line[256];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    double seconds = 0;
    Number count = 0;
    Spent spent;
    if (std::strcmp(line, "load\n") == 0) {
      if (!load()) return 1;
      evaluate(1);
      Number cpu = spent.cpu(), wall = spent.wall();
      std::printf("{\"cpu_ns\": %llu, \"wall_ns\": %llu}\n", cpu, wall);
    } else if (std::sscanf(line, "totals %llu", &count) == 1) {
      Totals t = evaluate(count);
      std::printf("{\"matches\": %llu, \"checksum\": %llu}\n", Number{t.matches}, Number{t.checksum});
    } else if (std::sscanf(line, "time %lf %llu", &seconds, &count) == 2) {
      Totals t;
      Number passes = 0;
      do {
        t = evaluate(count);
        ++passes;
      } while (static_cast<double>(spent.cpu()) < seconds * 1e9);
      Number cpu = spent.cpu(), wall = spent.wall();
      std::printf("{\"matches\": %llu, \"checksum\": %llu, \"passes\": %llu, \"cpu_ns\": %llu, \"wall_ns\": %llu}\n",
                  Number{t.matches}, Number{t.checksum}, passes, cpu, wall);
    } else {
      std::fprintf(stderr, "unknown command: %s", line);
      return 2;
    }
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace peer
