#include "runtime/io/csv_decoder.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <set>

#include "compiler/types/schema.h"
#include "runtime/io/scalar.h"

namespace weir::io {
namespace {

absl::Status invalid(const std::string& text) { return absl::InvalidArgumentError(absl::string_view(text)); }

const KeyNode* find_path(const KeyNode& root, std::string_view path) {
  // A column's name is the whole path, dots and all.
  const KeyNode* node = &root;
  while (node != nullptr) {
    size_t dot = path.find('.'), hint = 0;
    node = node->find(path.substr(0, dot), &hint);
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  return node;
}

}  // namespace

// False if the arena is full.
bool CsvDecoder::split(std::string_view row, char separator, value::Arena& arena) {
  cells_.clear();
  size_t at = 0;
  while (true) {
    Cell cell;
    if (at < row.size() && row[at] == '"') {
      cell.quoted = true;
      size_t begin = ++at;
      bool doubled = false;
      for (; at < row.size(); ++at) {
        if (row[at] != '"') continue;
        if (at + 1 >= row.size() || row[at + 1] != '"') break;
        doubled = true;
        ++at;
      }
      std::string_view inside = row.substr(begin, at - begin);
      at = std::min(at + 1, row.size());
      size_t end = std::min(row.find(separator, at), row.size());
      std::string_view rest = row.substr(at, end - at);  // nothing, in a well-formed file; kept as it stands otherwise
      at = end;
      if (doubled || !rest.empty()) {
        auto* copy = static_cast<char*>(arena.allocate(inside.size() + rest.size()));
        if (copy == nullptr) return false;
        size_t n = 0;
        for (size_t i = 0; i < inside.size(); ++i) {
          copy[n++] = inside[i];
          if (inside[i] == '"') ++i;
        }
        std::copy(rest.begin(), rest.end(), copy + n);
        cell.text = {copy, n + rest.size()};
      } else {
        cell.text = inside;
      }
    } else {
      size_t end = std::min(row.find(separator, at), row.size());
      cell.text = row.substr(at, end - at);
      at = end;
    }
    cells_.push_back(cell);
    if (at >= row.size()) return true;
    ++at;  // the separator; a row that ends with one has an empty last cell
    if (at == row.size()) {
      cells_.push_back({});
      return true;
    }
  }
}

absl::StatusOr<CsvHeader> read_csv_header(std::string_view row, const DecodePlan& plan) {
  if (!simdjson::validate_utf8(row.data(), row.size())) return invalid("the header row is not valid UTF-8");
  CsvHeader header;
  // Tab-separated files call themselves CSV often enough: a header with tabs and no comma is one.
  if (row.find(',') == std::string_view::npos) {
    if (row.find('\t') != std::string_view::npos)
      header.separator = '\t';
    else if (row.find(';') != std::string_view::npos)
      header.separator = ';';
  }
  value::Arena arena;
  CsvDecoder decoder(plan);
  decoder.split(row, header.separator, arena);
  std::set<std::string> seen;
  for (const auto& cell : decoder.cells_) {
    std::string name(cell.text);
    if (!name.empty() && !seen.insert(name).second)
      return invalid(fmt::format("the header names column `{}` twice", name));
    if (name == plan.type_path && !name.empty()) header.type_column = header.columns.size();
    header.columns.push_back(std::move(name));
  }
  for (const EventPlan& event : plan.events) {
    auto& targets = header.targets.emplace_back(header.columns.size());
    for (size_t c = 0; c < header.columns.size(); ++c)
      if (const KeyNode* node = find_path(event.keys, header.columns[c])) targets[c] = node->targets;
  }
  return header;
}

bool CsvDecoder::decode(std::string_view row, const CsvHeader& header, RowTarget* target, Reject* reject) {
  auto fail = [&](RejectCause cause, std::string message) {
    reject->cause = cause;
    reject->message = std::move(message);
    return false;
  };
  reject->field.clear();
  if (!simdjson::validate_utf8(row.data(), row.size()))
    return fail(RejectCause::kInvalidUtf8, "the row is not valid UTF-8");
  if (!split(row, header.separator, *target->arena))
    return fail(RejectCause::kLineTooLong, "the row's text exceeds the batch's memory");
  if (cells_.size() != header.columns.size())
    return fail(RejectCause::kNotCsv,
                fmt::format("the row has {} values, the header {}", cells_.size(), header.columns.size()));

  size_t which = 0;
  if (!plan_.type_path.empty()) {
    if (header.type_column == SIZE_MAX)
      return fail(RejectCause::kUnknownEventType,
                  fmt::format("there is no column `{}`, which tells the event", plan_.type_path));
    std::string_view type = cells_[header.type_column].text;
    while (which < plan_.events.size() && plan_.events[which].type_value != type) ++which;
    if (which == plan_.events.size())
      return fail(RejectCause::kUnknownEventType,
                  fmt::format("no event is mapped to {} `{}`", plan_.type_path, type.substr(0, 40)));
  }
  const EventPlan& event = plan_.events[which];
  start_row(event, plan_, target);
  for (size_t c = 0; c < cells_.size(); ++c) {
    const Cell& cell = cells_[c];
    Scalar scalar;
    scalar.kind = ScalarKind::kText;
    scalar.text = cell.text;
    bool empty = cell.text.empty() && !cell.quoted;
    for (uint16_t t : header.targets[which][c]) {
      if (t >= event.fields.size()) {
        (*target->slots)[target->extras + t - event.fields.size()] = empty ? value::Value::missing() : as_is(scalar);
        continue;
      }
      const FieldPlan& field = event.fields[t];
      bool text = field.type->is(types::Kind::kString) || field.type->is(types::Kind::kDyn) ||
                  (field.type->is(types::Kind::kList) && !field.split.empty());
      if (cell.text.empty() && (t == types::EventSchema::kIdSlot || !text || (empty && field.optional))) continue;
      Problem problem;
      if (!convert(scalar, field.type, field, *target->arena, &(*target->slots)[target->row + t], &problem)) {
        reject->field = field.name;
        return fail(problem.cause, problem.message);
      }
    }
  }
  return finish_row(event, target, reject);
}

}  // namespace weir::io
