#include "compiler/driver/units.h"

#include <charconv>
#include <string>

namespace weir::driver {
namespace {

// The digits at the front of the text, removed from it; nothing if there are none or too many.
std::optional<uint64_t> take_number(std::string_view* text) {
  uint64_t n = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), n);
  if (error != std::errc()) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return n;
}

std::string_view take_letters(std::string_view* text) {
  size_t n = 0;
  while (n < text->size() && !((*text)[n] >= '0' && (*text)[n] <= '9')) ++n;
  std::string_view letters = text->substr(0, n);
  text->remove_prefix(n);
  return letters;
}

}  // namespace

std::optional<uint64_t> parse_count(std::string_view text) {
  auto n = take_number(&text);
  return n && text.empty() ? n : std::nullopt;
}

std::optional<int64_t> parse_duration(std::string_view text) {
  static constexpr std::pair<std::string_view, int64_t> kUnits[] = {{"ms", 1'000'000},
                                                                    {"s", 1'000'000'000},
                                                                    {"m", 60'000'000'000},
                                                                    {"h", 3'600'000'000'000},
                                                                    {"d", 86'400'000'000'000}};
  if (text.empty()) return std::nullopt;
  int64_t total = 0;
  while (!text.empty()) {
    auto n = take_number(&text);
    if (!n || *n > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
    std::string_view unit = take_letters(&text);
    int64_t scale = 0;
    for (auto& [name, nanos] : kUnits)
      if (name == unit) scale = nanos;
    int64_t part = 0;
    if (scale == 0 || __builtin_mul_overflow(static_cast<int64_t>(*n), scale, &part) ||
        __builtin_add_overflow(total, part, &total))
      return std::nullopt;
  }
  return total;
}

std::optional<uint64_t> parse_bytes(std::string_view text) {
  static constexpr std::pair<std::string_view, uint64_t> kUnits[] = {
      {"", 1},          {"B", 1},         {"kB", 1'000},      {"MB", 1'000'000}, {"GB", 1'000'000'000},
      {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1ull << 30}};
  auto n = take_number(&text);
  if (!n) return std::nullopt;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  for (auto& [name, scale] : kUnits) {
    uint64_t bytes = 0;
    if (name == text) return __builtin_mul_overflow(*n, scale, &bytes) ? std::nullopt : std::optional(bytes);
  }
  return std::nullopt;
}

}  // namespace weir::driver
