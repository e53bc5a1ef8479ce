// Memory for native code: none is ever writable and executable, and where the system grants none that is executable,
// the interpreter evaluates, says so, and agrees.
#include <dlfcn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "tests/faults/host.h"

// Whoever maps memory in this process does so through these: LLVM too.
namespace {
std::atomic<uint64_t> executable_requests{0}, writable_and_executable{0};

void look_at(int protection) {
  if ((protection & PROT_EXEC) == 0) return;
  ++executable_requests;
  if ((protection & PROT_WRITE) != 0) ++writable_and_executable;
}
}  // namespace

extern "C" {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void* mmap(void* at, size_t size, int protection, int flags, int file, off_t offset) {
  look_at(protection);
  return reinterpret_cast<void*>(syscall(SYS_mmap, at, size, protection, flags, file, offset));
}
int mprotect(void* at, size_t size, int protection) {
  look_at(protection);
  return static_cast<int>(syscall(SYS_mprotect, at, size, protection));
}
#endif
}

namespace weir::faults {
namespace {

// What prctl(2) has since Linux 6.3.
constexpr int kSetMdwe = 65;
constexpr unsigned long kRefuseExecGain = 1;

std::string many_rules(int n) {
  std::string text = "event e { k: string  n: int  s: string }\nfeature seen = count() from e by e.k over 1h\n";
  for (int i = 0; i < n; ++i) {
    text += fmt::format(
        "rule r{0} on e {{ id \"R{0}\" when e.n > {0} && (e.s.contains(\"a{1}\") || seen > {1}) score {0} because "
        "\"{{e.s}}\" mode live }}\n",
        i, i % 7);
  }
  return text;
}

std::string verdicts(const weir_ruleset* rules) {
  const Session session = make_session(rules);
  const Event event = make_event(rules);
  std::string out;
  for (int i = 0; i < 40; ++i) {
    out += verdict_of(
        session.get(), event.get(),
        fmt::format(R"({{"time":"2026-01-01T00:00:{:02}Z","k":"k{}","n":{},"s":"text a{}"}})", i, i % 3, i, i % 9));
    out += '\n';
  }
  return out;
}

bool has_native() { return std::string_view(weir_build_info()).find("native") != std::string_view::npos; }

// Mappings of this process that are both.
int both_in_maps() {
  std::ifstream maps("/proc/self/maps");
  int both = 0;
  for (std::string line; std::getline(maps, line);) {
    const std::string_view rights = std::string_view(line).substr(line.find(' ') + 1, 4);
    both += rights.size() == 4 && rights[1] == 'w' && rights[2] == 'x';
  }
  return both;
}

TEST(ExecutableMemory, NoneIsWritable) {
  if (!has_native()) GTEST_SKIP() << "no native tier";
  std::atomic<bool> done{false};
  std::atomic<int> looks{0}, both{0};
  std::thread watcher([&] {
    while (!done) {
      both += both_in_maps();
      ++looks;
    }
  });
  const Engine engine = make_engine();
  const uint64_t before = executable_requests;
  for (int i = 0; i < 3; ++i) {
    const Rules now = compile(engine.get(), many_rules(40 + i), WEIR_TIER_NATIVE);
    const Rules later = compile(engine.get(), many_rules(20 + i), WEIR_TIER_AUTO);
    EXPECT_EQ(weir_ruleset_wait_native(later.get(), 600'000), 1);
    EXPECT_EQ(weir_ruleset_tier(later.get()), WEIR_TIER_NATIVE);
    EXPECT_FALSE(verdicts(now.get()).empty());
  }
  done = true;
  watcher.join();
  EXPECT_GT(looks, 0);
  EXPECT_EQ(both, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_GT(executable_requests, before) << "LLVM has found another way to map memory, and this test looks at nothing";
#endif
  EXPECT_EQ(writable_and_executable, 0u);
}

// From here on this process gets no executable memory, by a filter of its system calls.
bool refuse_by_filter() {
#if defined(__x86_64__)
  constexpr auto kProtection = offsetof(seccomp_data, args) + 2 * sizeof(uint64_t);
  const sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pkey_mprotect, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kProtection),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {std::size(program), const_cast<sock_filter*>(program)};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
#else
  return false;
#endif
}

// Or by what the kernel has for that: memory that was not executable does not become so.
bool refuse_by_kernel() { return prctl(kSetMdwe, kRefuseExecGain, 0, 0, 0) == 0; }

// In a child, after `refuse`; what it returns other than 0 is a line that failed.
int evaluate_without(bool (*refuse)(), const std::string& expected) {
  if (!refuse()) return 77;
  const Engine engine = make_engine();
  const Rules automatic = compile(engine.get(), many_rules(30), WEIR_TIER_AUTO);
  if (automatic == nullptr) return 1;
  if (weir_ruleset_wait_native(automatic.get(), 600'000) != 1) return 2;
  if (weir_ruleset_tier(automatic.get()) != WEIR_TIER_INTERPRETER) return 3;
  weir_tier_status status = WEIR_INIT(weir_tier_status);
  weir_ruleset_get_tier_status(automatic.get(), &status);
  if (status.native != WEIR_NATIVE_FAILED) return 4;
  const std::string note(view(weir_ruleset_tier_note(automatic.get())));
  fmt::print("{}\n", note);
  std::fflush(stdout);
  if (note.find("executable memory") == std::string::npos) return 5;
  if (verdicts(automatic.get()) != expected) return 6;
  // Where native code is asked for and nothing else will do, that is refused, and the host can go on.
  const std::string text = many_rules(30);
  const weir_source source = {WEIR_STR("a.weir"), str(text)};
  weir_compile_options options = WEIR_INIT(weir_compile_options);
  options.tier = WEIR_TIER_NATIVE;
  weir_ruleset* none = nullptr;
  weir_error err = WEIR_INIT(weir_error);
  if (weir_compile(engine.get(), &source, 1, &options, &none, nullptr, &err) != WEIR_E_LIMIT) return 7;
  if (std::string_view(err.message).find("executable memory") == std::string_view::npos) return 8;
  const Rules interpreted = compile(engine.get(), text, WEIR_TIER_INTERPRETER);
  return verdicts(interpreted.get()) == expected ? 0 : 9;
}

void expect_fallback(bool (*refuse)()) {
  WEIR_SKIP_IF_FORKS_ARE_NOT_FOLLOWED();
  if (!has_native()) GTEST_SKIP() << "no native tier";
  const Engine engine = make_engine();
  const std::string expected = verdicts(compile(engine.get(), many_rules(30), WEIR_TIER_NATIVE).get());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(evaluate_without(refuse, expected));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "this kernel has no such thing";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(ExecutableMemory, RefusedByAFilterOfSystemCalls) { expect_fallback(refuse_by_filter); }
TEST(ExecutableMemory, RefusedByTheKernel) { expect_fallback(refuse_by_kernel); }

}  // namespace
}  // namespace weir::faults
