#include "runtime/value/regex.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace weir::value {
namespace {

using Compiled = std::shared_ptr<const RE2>;

constexpr size_t kThreadSlots = 64;
constexpr size_t kSharedPatterns = 256;
// For the program and the matcher's cache of one pattern.
constexpr int64_t kMaxMemory = int64_t{4} << 20;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

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
    Compiled made = std::make_shared<const RE2>(piece(pattern), regex_options());
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

// A string with this mark has the address of its LazyRegex in the kAddressRoom bytes before its text.
constexpr uint8_t kHasRegex = 1;
constexpr size_t kAddressRoom = sizeof(const LazyRegex*);

}  // namespace

RE2::Options regex_options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  return options;
}

const RE2& LazyRegex::get() const {
  std::call_once(once_, [this] { regex_ = std::make_unique<const RE2>(piece(pattern_), regex_options()); });
  return *regex_;
}

Value string_with_regex(Arena& arena, std::string_view pattern, const LazyRegex* regex) {
  char* room = static_cast<char*>(arena.allocate(kAddressRoom + pattern.size()));
  if (room == nullptr) return Value::missing();
  std::memcpy(room, static_cast<const void*>(&regex), kAddressRoom);
  if (!pattern.empty()) std::memcpy(room + kAddressRoom, pattern.data(), pattern.size());
  Value v = Value::string({room + kAddressRoom, pattern.size()});
  v.reserved[0] = kHasRegex;
  return v;
}

namespace {

// Valid until this thread's next call; perhaps not ok().
const RE2& find(const Value& pattern) {
  if (pattern.reserved[0] == kHasRegex) {
    const LazyRegex* regex;
    std::memcpy(static_cast<void*>(&regex), pattern.s - kAddressRoom, kAddressRoom);
    return regex->get();
  }
  thread_local std::array<ThreadSlot, kThreadSlots> slots;
  std::string_view text = pattern.str();
  ThreadSlot& slot = slots[XXH3_64bits(text.data(), text.size()) % kThreadSlots];
  if (slot.regex == nullptr || slot.pattern != text) {
    slot.regex = shared_patterns().get(text);
    slot.pattern = text;
  }
  return *slot.regex;
}

// Steps for compiling a pattern, whether or not it was remembered: what a budget allows must not depend on that.
int64_t compiling_cost(const RE2& regex) {
  constexpr int64_t kTooLarge = 20'000;
  if (regex.ok()) return regex.ProgramSize() / 4;
  return regex.error_code() == RE2::ErrorPatternTooLarge ? kTooLarge : 0;
}

}  // namespace

const RE2* compiled_regex(const Value& pattern, std::string* error) {
  const RE2& regex = find(pattern);
  if (regex.ok()) return &regex;
  *error = fmt::format("invalid regular expression: {}", regex.error());
  return nullptr;
}

int64_t reading_cost(const RE2& regex, size_t size) {
  constexpr int kUsual = 256;  // instructions that RE2 goes through without slowing down
  return static_cast<int64_t>(size) * (1 + regex.ProgramSize() / kUsual);
}

const RE2* charged_regex(EvalContext& ctx, const Value& pattern, size_t size, Value* out) {
  *out = budget_error();
  bool remembered = pattern.reserved[0] == kHasRegex;
  if (!charge(ctx, 1 + (remembered ? 0 : pattern.aux / 16))) return nullptr;
  const RE2& regex = find(pattern);
  if (!remembered && !charge(ctx, compiling_cost(regex))) return nullptr;
  std::string error;
  if (compiled_regex(pattern, &error) == nullptr) {
    *out = make_error(ctx, ErrorCode::kInvalidArgument, error);
    return nullptr;
  }
  return charge(ctx, reading_cost(regex, size) / 4) ? &regex : nullptr;
}

}  // namespace weir::value
