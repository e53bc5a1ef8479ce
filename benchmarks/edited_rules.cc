#include "benchmarks/edited_rules.h"

#include <fmt/format.h>

#include "benchmarks/rule_text.h"

namespace weir::bench {
namespace {

constexpr std::string_view kBeforeWhen = "\n  when ", kAfterWhen = "\n  score ";

// Where the rules' conditions are in their text.
std::vector<std::pair<size_t, size_t>> conditions(const std::string& text) {
  std::vector<std::pair<size_t, size_t>> out;
  for (size_t at = text.find(kBeforeWhen); at != std::string::npos; at = text.find(kBeforeWhen, at)) {
    at += kBeforeWhen.size();
    out.emplace_back(at, text.find(kAfterWhen, at) - at);
  }
  return out;
}

}  // namespace

std::string edited_rules(const Workload& workload, size_t rules, size_t every, size_t edit) {
  std::string text = rule_text(workload, rules);
  if (every == 0) return text;
  const auto places = conditions(text);
  std::string out;
  size_t copied = 0;
  for (size_t r = 0; r < places.size(); r += every) {
    // Of the same form, on another rule's subject, and different from edit to edit.
    const auto [from, length] = places[(r + every / 2 + 1) % places.size()];
    out += text.substr(copied, places[r].first - copied);
    out += fmt::format("({}) && request.id != \"{}\"", text.substr(from, length), edit);
    copied = places[r].first + places[r].second;
  }
  return out + text.substr(copied);
}

}  // namespace weir::bench
