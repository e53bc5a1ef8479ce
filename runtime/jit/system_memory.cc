#include "runtime/jit/system_memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace weir::jit {
namespace {

// Far more than LLVM takes for one unit of a hundred rules.
constexpr size_t kRoom = size_t{64} << 20;

void* map_anonymous(size_t bytes) {
  return ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

}  // namespace

// As code comes to its place: written first, executable then.
absl::Status executable_memory() {
  const auto bytes = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  void* const page = map_anonymous(bytes);
  const bool granted = page != MAP_FAILED && ::mprotect(page, bytes, PROT_READ | PROT_EXEC) == 0;
  const int error = errno;
  if (page != MAP_FAILED) ::munmap(page, bytes);
  if (granted) return absl::OkStatus();
  return absl::PermissionDeniedError(
      fmt::format("the system grants this process no executable memory: {}", std::strerror(error)));
}

absl::Status room_to_compile() {
  void* const room = map_anonymous(kRoom);
  if (room == MAP_FAILED)
    return absl::ResourceExhaustedError(fmt::format("less than {} MiB are left to compile native code", kRoom >> 20));
  ::munmap(room, kRoom);
  return absl::OkStatus();
}

}  // namespace weir::jit
