// libFuzzer's entry point for one target, named by the build.
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::fuzz::WEIR_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
