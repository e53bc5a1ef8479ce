// Loads and unloads libweir 1,000 times in one process, and uses it now and then: on a thread that ends, as the loader
// keeps a library whose thread-local objects somebody has.
//
//   unload LIBRARY TIMES
#include <dirent.h>
#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "weir/weir.h"

namespace {

constexpr int kUsedEvery = 20, kNativeEvery = 100;

[[noreturn]] void fail(int time, const char* what) {
  std::fprintf(stderr, "time %d: %s\n", time, what);
  std::exit(1);
}

long resident_kilobytes() {
  long pages = 0, resident = 0;
  FILE* f = std::fopen("/proc/self/statm", "r");
  if (f == nullptr || std::fscanf(f, "%ld %ld", &pages, &resident) != 2) fail(0, "no /proc");
  std::fclose(f);
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int threads() {
  int n = 0;
  DIR* tasks = opendir("/proc/self/task");
  while (const dirent* entry = readdir(tasks)) n += entry->d_name[0] != '.';
  closedir(tasks);
  return n;
}

template <typename Function>
Function* find(void* library, const char* name) {
  void* found = dlsym(library, name);
  if (found == nullptr) fail(0, name);
  return reinterpret_cast<Function*>(found);
}
#define WEIR_FIND(library, name) find<decltype(::name)>(library, #name)

// Rules, one event, the verdict.
void use(void* library, int time, uint32_t tier) {
  static const char kRules[] =
      "event e { k: string  n: int }\nfeature total = sum(e.n) from e by e.k over 1h\n"
      "rule r on e { id \"R\" when total > 3 && e.n > 3 score 7 because \"{total}\" mode live }\n";
  const weir_source source = {WEIR_STR("a.weir"), WEIR_STR(kRules)};
  weir_compile_options options = WEIR_INIT(weir_compile_options);
  options.tier = tier;
  options.no_lint = 1;
  weir_engine* engine = nullptr;
  weir_ruleset* rules = nullptr;
  weir_session* session = nullptr;
  weir_event* event = nullptr;
  weir_verdict* verdict = nullptr;
  weir_error err = WEIR_INIT(weir_error);
  if (WEIR_FIND(library, weir_engine_create)(nullptr, &engine, &err) != WEIR_OK ||
      WEIR_FIND(library, weir_compile)(engine, &source, 1, &options, &rules, nullptr, &err) != WEIR_OK ||
      WEIR_FIND(library, weir_session_create)(rules, nullptr, &session, &err) != WEIR_OK ||
      WEIR_FIND(library, weir_event_create_any)(rules, &event, &err) != WEIR_OK)
    fail(time, err.message);
  // Else it is unloaded while a thread of it compiles.
  if (time % (2 * kNativeEvery) == 0) WEIR_FIND(library, weir_ruleset_wait_native)(rules, 600'000);
  const weir_str json = WEIR_STR("{\"time\":\"2026-01-01T00:00:00Z\",\"k\":\"a\",\"n\":4}");
  if (WEIR_FIND(library, weir_event_read_json)(event, json, &err) != WEIR_OK ||
      WEIR_FIND(library, weir_session_eval)(session, event, nullptr, &verdict, &err) != WEIR_OK)
    fail(time, err.message);
  weir_verdict_info info = WEIR_INIT(weir_verdict_info);
  WEIR_FIND(library, weir_verdict_get)(verdict, &info);
  if (info.score != 7) fail(time, "another verdict");
  WEIR_FIND(library, weir_verdict_release)(verdict);
  WEIR_FIND(library, weir_event_release)(event);
  WEIR_FIND(library, weir_session_release)(session);
  WEIR_FIND(library, weir_ruleset_release)(rules);
  WEIR_FIND(library, weir_engine_release)(engine);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int times = std::atoi(argv[2]);
  long settled = 0;
  for (int i = 0; i < times; ++i) {
    void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) fail(i, dlerror());
    if (WEIR_FIND(library, weir_abi)() != WEIR_ABI) fail(i, "another ABI");
    if (i % kUsedEvery == 0)
      std::thread(use, library, i, i % kNativeEvery == 0 ? WEIR_TIER_AUTO : WEIR_TIER_INTERPRETER).join();
    if (dlclose(library) != 0) fail(i, dlerror());
    if (i == times / 4) settled = resident_kilobytes();
  }
  const bool stayed = dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) != nullptr;
  const long after = resident_kilobytes();
  std::printf("%d times: %ld kB after a quarter, %ld kB at the end; %d threads; %s\n", times, settled, after, threads(),
              stayed ? "still mapped" : "unloaded");
  if (stayed) fail(times, "it is not unloaded");
  if (threads() != 1) fail(times, "a thread runs on");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which remember what was freed
  if (after > settled + settled / 10 + 4096) fail(times, "it grows");
#endif
  return 0;
}
