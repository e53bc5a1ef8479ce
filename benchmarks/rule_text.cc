#include "benchmarks/rule_text.h"

#include <fmt/format.h>

#include <cctype>
#include <set>

#include "compiler/types/schema.h"

namespace weir::bench {
namespace {

constexpr int kFirstField = types::EventSchema::kIdSlot + 1;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Writes `request.` before every field, and adds `shift` to every whole number of three digits or more.
std::string on_event(const std::string& cel, const std::set<std::string>& fields, size_t shift) {
  std::string out;
  for (size_t i = 0; i < cel.size();) {
    size_t end = i + 1;
    if (cel[i] == '"') {
      while (cel[end] != '"') end += cel[end] == '\\' ? 2 : 1;
      out.append(cel, i, ++end - i);
    } else if (is_word(cel[i])) {
      while (end < cel.size() && is_word(cel[end])) ++end;
      const std::string word = cel.substr(i, end - i);
      const char before = i == 0 ? ' ' : cel[i - 1];
      const bool whole = std::isdigit(static_cast<unsigned char>(word[0])) && before != '.' && cel[end] != '.';
      if (before != '.' && fields.contains(word)) out += "request.";
      out += shift > 0 && whole && word.size() >= 3 ? std::to_string(std::stoull(word) + shift) : word;
    } else {
      out += cel[i];
    }
    i = end;
  }
  return out;
}

}  // namespace

std::string rule_text(const Workload& workload, size_t count) {
  std::string out = "package bench.workload\n\nevent request {\n";
  std::set<std::string> fields;
  for (const check::Variable& field : workload.env.variables) {
    out += fmt::format("  {}: {}\n", field.name, types::to_string(field.type));
    fields.insert(field.name);
  }
  out += "}\n";
  for (size_t i = 0; i < count; ++i) {
    const size_t round = i / workload.rules.size();
    out += fmt::format("\nrule r{0} on request {{\n  id \"R-{0}\"\n  when {1}\n  score 1\n  mode live\n}}\n", i + 1,
                       on_event(workload.rules[i % workload.rules.size()], fields, round));
  }
  return out;
}

std::vector<value::Value> event_row(const std::vector<value::Value>& fields) {
  std::vector<value::Value> row(kFirstField + fields.size() + 2, value::Value::missing());
  row[types::EventSchema::kTimeSlot] = value::Value::timestamp(1'700'000'000, 0);
  row[types::EventSchema::kIdSlot] = value::Value::string("");
  std::copy(fields.begin(), fields.end(), row.begin() + kFirstField);
  return row;
}

}  // namespace weir::bench
