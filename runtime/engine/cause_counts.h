// How often each rule failed, by cause.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/ir/program.h"
#include "runtime/engine/engine.h"

namespace weir::engine {

// A message may quote the event, so a rule keeps this many of its own; others are counted by their code.
inline constexpr uint32_t kMaxMessagesPerRule = 64;

class CauseCounts {
 public:
  explicit CauseCounts(const ir::Program& program) : program_(program), messages_(program.rules.size()) {}

  void add(uint32_t rule, const value::Value& cause);
  std::vector<Session::Cause> sorted() const;  // most frequent first

 private:
  struct Message {
    uint32_t rule;
    uint32_t code;
    std::string text;
    auto operator<=>(const Message&) const = default;
  };
  // Causes without a text of their own, by rule, kind and aux: an absent field costs an event no more than a probe.
  std::unordered_map<uint64_t, uint64_t> plain_;
  std::map<Message, uint64_t> with_message_;
  const ir::Program& program_;
  std::vector<uint32_t> messages_;  // by rule
};

}  // namespace weir::engine
