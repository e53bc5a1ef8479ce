#include "benchmarks/workload.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "runtime/io/source.h"

namespace weir::bench {

namespace {

absl::StatusOr<std::string> read_all(const std::string& path) {
  auto source = io::open_source(path);
  if (!source.ok()) return source.status();
  std::string text;
  std::vector<char> buffer(1 << 20);
  for (;;) {
    auto n = (*source)->read(buffer.data(), buffer.size());
    if (!n.ok()) return n.status();
    if (*n == 0) return text;
    text.append(buffer.data(), *n);
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

using Json = simdjson::dom::element;

const types::Type* type_of(types::TypeTable& types, const Json& v) {
  if (v.is_bool()) return types.boolean();
  if (v.is_int64()) return types.integer();
  if (v.is_double()) return types.dbl();
  return v.is_array() ? types.list(types.string()) : types.string();
}

value::Value to_value(const Json& v, const types::Type* type, value::Arena& arena) {
  auto text = [&](std::string_view s) { return value::Value::string({arena.copy(s), s.size()}); };
  switch (type->kind()) {
    case types::Kind::kBool:
      return value::Value::boolean(bool(v));
    case types::Kind::kInt:
      return value::Value::integer(int64_t(v));
    case types::Kind::kDouble:
      return value::Value::dbl(double(v));
    case types::Kind::kList: {
      simdjson::dom::array array = v;
      auto* items = arena.allocate_array<value::Value>(array.size());
      auto* list = new (arena.allocate(sizeof(value::ListRep))) value::ListRep{};
      for (const Json& item : array) items[list->size++] = text(std::string_view(item));
      list->capacity = list->size;
      list->items = items;
      return value::Value::of(list);
    }
    default:
      return text(std::string_view(v));
  }
}

absl::Status error(const std::string& text) {
  return absl::InvalidArgumentError(absl::string_view(text.data(), text.size()));
}

}  // namespace

std::string workload_directory() {
  if (const char* dir = std::getenv("WEIR_WORKLOAD")) return dir;
  std::string beside = WEIR_SOURCE_DIR "/../shared/workload";
  return std::filesystem::exists(beside) ? beside : "";
}

absl::StatusOr<std::unique_ptr<Workload>> load_workload(const std::string& directory, int rules) try {
  auto out = std::make_unique<Workload>();
  out->types = std::make_shared<types::TypeTable>();
  auto log = read_all(directory + "/events.jsonl.zst");
  if (!log.ok()) return log.status();
  std::vector<std::string> lines = lines_of(*log);

  simdjson::dom::parser parser;
  std::map<std::string, size_t, std::less<>> slots;
  for (const std::string& line : lines) {
    for (auto [key, v] : simdjson::dom::object(parser.parse(line))) {
      auto [it, added] = slots.try_emplace(std::string(key), out->env.variables.size());
      const types::Type* type = type_of(*out->types, v);
      if (added)
        out->env.variables.push_back({std::string(key), type, false});
      else if (type == out->types->dbl())
        out->env.variables[it->second].type = type;
    }
  }
  for (const std::string& line : lines) {
    std::vector<value::Value> row(out->env.variables.size());
    for (auto [key, v] : simdjson::dom::object(parser.parse(line))) {
      size_t slot = slots.find(key)->second;
      row[slot] = to_value(v, out->env.variables[slot].type, out->arena_);
    }
    out->rows.push_back(std::move(row));
  }

  auto text = read_all(fmt::format("{}/rules_{}.cel.zst", directory, rules));
  if (!text.ok()) return text.status();
  out->rules = lines_of(*text);
  auto expected = read_all(fmt::format("{}/expected_{}.csv.zst", directory, rules));
  if (!expected.ok()) return expected.status();
  std::string last = lines_of(*expected).back();
  out->expected_matches = std::strtoull(last.c_str(), nullptr, 10);
  out->expected_checksum = std::strtoull(last.c_str() + last.find(',') + 1, nullptr, 10);
  return out;
} catch (const simdjson::simdjson_error& e) {
  return error(fmt::format("{}/events.jsonl.zst: {}", directory, e.what()));
}

Runner::Runner(const ir::Module& module, const value::ConstantPool& constants)
    : memo_(module.memo_count + 1), locals_(module.local_count + 1) {
  ctx_.memo = memo_.data();
  ctx_.locals = locals_.data();
  ctx_.constants = constants.values();
  ctx_.arena = &arena_;
  ctx_.module = &module;
}

value::EvalContext& Runner::on(const value::Value* row) {
  ctx_.row = row;
  ++ctx_.epoch;
  ctx_.steps = 100'000'000;
  arena_.reset();
  return ctx_;
}

std::span<const index::GroupEvaluation::Outcome> Runner::run(index::GroupEvaluation& rules,
                                                             const std::vector<value::Value>& row) {
  return rules.run(on(row.data()));
}

std::string Runner::verify(index::GroupEvaluation& rules, const Workload& workload) {
  uint64_t matches = 0, checksum = 0;
  for (size_t event = 0; event < workload.rows.size(); ++event) {
    for (const auto& [rule, truth] : run(rules, workload.rows[event])) {
      if (truth != value::Truth::kTrue) continue;
      ++matches;
      checksum += (event + 1) * (rule + 1);
    }
  }
  return workload.disagreement(matches, checksum);
}

std::string Workload::disagreement(uint64_t matches, uint64_t checksum) const {
  if (matches == expected_matches && checksum == expected_checksum) return "";
  return fmt::format("disagreement with the workload: matches {} (expected {}), checksum {} (expected {})", matches,
                     expected_matches, checksum, expected_checksum);
}

}  // namespace weir::bench
