// WEIR_TEST_KERNELS names the instruction set that this program's kernels are to use: tests of batches run once for
// each.
#include <cstdio>
#include <cstdlib>

#include "runtime/batch/kernels.h"

namespace weir::batch {
namespace {

constexpr int kSkipped = 77;  // as tests/CMakeLists.txt says

[[maybe_unused]] const bool kChosen = [] {
  const char* target = std::getenv("WEIR_TEST_KERNELS");
  if (target == nullptr) return false;
  if (!use_kernels(target)) {
    std::printf("no kernels for %s here\n", target);
    std::_Exit(kSkipped);
  }
  return true;
}();

}  // namespace
}  // namespace weir::batch
