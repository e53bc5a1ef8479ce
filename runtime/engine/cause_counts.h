// How often each rule failed, by cause.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/ir/program.h"
#include "runtime/engine/engine.h"

namespace weir::engine {

// A message may quote the event, so a rule keeps this many of its own; others are counted by their code.
inline constexpr uint32_t kMaxCausesPerRule = 64;

class CauseCounts {
 public:
  explicit CauseCounts(const ir::Program& program) : program_(program), kinds_(program.rules.size()) {}

  void add(uint32_t rule, const value::Value& cause);
  std::vector<Session::Cause> sorted() const;  // most frequent first

 private:
  std::string text(uint32_t rule, const value::Value& cause) const;

  struct Id {
    uint32_t rule;
    bool missing;
    uint32_t code;
    std::string text;
    auto operator<=>(const Id&) const = default;
  };
  const ir::Program& program_;
  std::map<Id, uint64_t> counts_;
  std::vector<uint32_t> kinds_;  // by rule
};

}  // namespace weir::engine
