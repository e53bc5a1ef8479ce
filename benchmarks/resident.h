// What the process really takes, beside what the engine says it does.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdio>

namespace weir::bench {

inline size_t resident_bytes() {
  long pages = 0, resident = 0;
  if (FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(f);
  }
  return static_cast<size_t>(resident) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace weir::bench
