// Everything generated code may link to: the only way from a name to an address.
#pragma once

#include <string>
#include <vector>

namespace weir::jit {

struct Symbol {
  std::string name;
  const void* address;
};

const std::vector<Symbol>& runtime_symbols();

}  // namespace weir::jit
