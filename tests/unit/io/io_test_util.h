// A small event schema and logs in temporary files.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "compiler/ir/program.h"
#include "runtime/io/event_reader.h"
#include "runtime/value/operations.h"

namespace weir::io {

using FieldSpec = std::pair<std::string, std::string>;  // name, type; "T?" is optional

inline void add_event(ir::Program* program, const std::string& name, const std::vector<FieldSpec>& fields) {
  if (!program->types) program->types = std::make_shared<types::TypeTable>();
  ir::Event event;
  event.schema.name = name;
  event.schema.fields.push_back({"time", program->types->timestamp(), false, {}});
  event.schema.fields.push_back({"id", program->types->string(), false, {}});
  for (auto [field, type] : fields) {
    bool optional = type.back() == '?';
    if (optional) type.pop_back();
    const types::Type* t =
        type == "Account" ? program->types->entity("Account", program->types->string()) : program->types->parse(type);
    EXPECT_NE(t, nullptr) << type;
    event.schema.fields.push_back({field, t, optional, {}});
  }
  event.slot_count = static_cast<uint32_t>(event.schema.fields.size()) + 2;
  program->events.push_back(std::move(event));
}

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-io-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, std::string_view text) const {
    std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct ReadResult {
  std::vector<std::string> rows;     // "event: v, v, …| extra, …" with values as CEL literals, missing as "-"
  std::vector<std::string> rejects;  // to_string without the directory, in order of cause
  std::vector<std::string> texts;    // the records
  absl::Status status;
};

inline std::string literal(const value::Value& v) { return v.is_missing() ? "-" : value::to_literal(v); }

inline ReadResult read_all(const ir::Program& program, const std::vector<types::EventMapping>& mappings,
                           const std::vector<std::string>& paths, const PlanOptions& plan_options = {},
                           const ReaderOptions& options = {}) {
  ReadResult out;
  auto plan = make_plan(program, mappings, plan_options);
  if (!plan.ok()) return {{}, {}, {}, plan.status()};
  auto reader = EventReader::open(paths, *plan, options);
  if (!reader.ok()) return {{}, {}, {}, reader.status()};
  Record record;
  while ((*reader)->next(&record)) {
    const ir::Event& event = program.events[record.event];
    std::string row = event.schema.name + ":";
    for (size_t i = 2; i < event.schema.fields.size(); ++i) row += (i > 2 ? ", " : " ") + literal(record.row[i]);
    for (size_t i = 0; i < plan_options.extra_paths.size(); ++i)
      row += (i == 0 ? "| " : ", ") + literal(record.extras[i]);
    out.rows.push_back(row);
    out.texts.emplace_back(record.text);
  }
  out.status = (*reader)->status();
  for (size_t c = 0; c < kRejectCauseCount; ++c)
    for (Reject r : (*reader)->rejects().examples(static_cast<RejectCause>(c))) {
      r.file = std::filesystem::path(r.file).filename();
      out.rejects.push_back(to_string(r));
    }
  EXPECT_TRUE((*reader)->finish().ok());
  return out;
}

}  // namespace weir::io
