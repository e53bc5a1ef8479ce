#include "runtime/value/regex.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace weir::value {
namespace {

using Compiled = std::shared_ptr<const RE2>;

constexpr size_t kThreadSlots = 64;
constexpr size_t kSharedPatterns = 512;
// For the program and the matcher's cache of one pattern.
constexpr int64_t kMaxMemory = int64_t{4} << 20;

Compiled compile(std::string_view pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  return std::make_shared<const RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
}

class SharedPatterns {
 public:
  // Compiles outside the lock: a slow pattern holds up nobody else.
  Compiled get(std::string_view pattern) {
    std::string key(pattern);
    {
      std::lock_guard lock(mutex_);
      auto found = patterns_.find(key);
      if (found != patterns_.end()) return found->second;
    }
    Compiled made = compile(pattern);
    std::lock_guard lock(mutex_);
    auto [entry, added] = patterns_.emplace(key, made);
    if (!added) return entry->second;
    oldest_.push_back(std::move(key));
    if (oldest_.size() > kSharedPatterns) {
      patterns_.erase(oldest_.front());
      oldest_.pop_front();
    }
    return made;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, Compiled> patterns_;
  std::deque<std::string> oldest_;
};

SharedPatterns& shared_patterns() {
  static SharedPatterns patterns;
  return patterns;
}

// Direct-mapped by the pattern's text: the address alone could have been given to another text since.
struct ThreadSlot {
  std::string pattern;
  Compiled regex;
};

}  // namespace

const RE2* compiled_regex(std::string_view pattern, std::string* error) {
  thread_local std::array<ThreadSlot, kThreadSlots> slots;
  ThreadSlot& slot = slots[XXH3_64bits(pattern.data(), pattern.size()) % kThreadSlots];
  if (slot.regex == nullptr || slot.pattern != pattern) {
    slot.regex = shared_patterns().get(pattern);
    slot.pattern = pattern;
  }
  if (slot.regex->ok()) return slot.regex.get();
  *error = fmt::format("invalid regular expression: {}", slot.regex->error());
  return nullptr;
}

}  // namespace weir::value
