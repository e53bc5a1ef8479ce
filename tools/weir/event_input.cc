#include "tools/weir/event_input.h"

#include <fmt/format.h>

#include "compiler/driver/units.h"
#include "tools/weir/output.h"
#include "tools/weir/verbs.h"

namespace weir::tools {

void add_event_options(CLI::App* command, EventInput* input) {
  command->add_option("--events", input->paths, "Logs: JSON lines or CSV, plain, .zst or .gz; - is standard input")
      ->required()
      ->type_name("FILE…");
  command->add_option("--event", input->event, "Take every record as this event (default: by weir.yaml)")
      ->type_name("NAME");
  command->add_option("--input-format", input->input_format, "jsonl or csv (default: by name, then by the first byte)")
      ->check(CLI::IsMember({"auto", "jsonl", "csv"}))
      ->type_name("FORMAT");
  command->add_option("--max-line", input->max_line, "Longest record taken (default 16MiB)")->type_name("SIZE");
  command->add_option("--threads", input->threads, "Threads to read and decode ahead; evaluation keeps the log's order")
      ->check(CLI::Range(1, 64))
      ->type_name("N");
  command->add_flag("--strict", input->strict, "Stop at the first record that is rejected");
  command->add_option("--dead-letter", input->dead_letter, "Keep rejected records in this file, with the cause")
      ->type_name("FILE");
}

std::unique_ptr<io::EventReader> open_events(const EventInput& input, const RuleSet& rules,
                                             const std::vector<std::string>& extra_paths) {
  io::PlanOptions plan_options{input.event, extra_paths};
  auto plan = io::make_plan(rules.program(), rules.source.manifest.events, plan_options);
  if (!plan.ok()) {
    complain(std::string(plan.status().message()));
    return nullptr;
  }
  io::ReaderOptions options;
  options.threads = input.threads;
  options.strict = input.strict;
  options.dead_letter = input.dead_letter;
  if (input.input_format != "auto")
    options.split.format = input.input_format == "csv" ? io::RecordFormat::kCsv : io::RecordFormat::kJson;
  auto max_line = driver::parse_bytes(input.max_line);
  if (!max_line || *max_line == 0) {
    complain(fmt::format("--max-line: `{}` is not a size such as 16MiB", input.max_line));
    return nullptr;
  }
  options.split.max_record_bytes = *max_line;
  auto reader = io::EventReader::open(input.paths, *std::move(plan), options);
  if (!reader.ok()) {
    complain(std::string(reader.status().message()));
    return nullptr;
  }
  return *std::move(reader);
}

int finish_events(io::EventReader& reader, const EventInput& input, bool quiet) {
  const io::RejectLog& log = reader.rejects();
  if (log.total() > 0 && !quiet) {
    complain(counted(log.total(), "record") + " rejected");
    for (size_t c = 0; c < io::kRejectCauseCount; ++c) {
      auto cause = static_cast<io::RejectCause>(c);
      if (log.count(cause) == 0) continue;
      fmt::print(stderr, "  {:>8}  {} ({})\n", with_commas(log.count(cause)), io::reject_cause_name(cause),
                 io::reject_cause_meaning(cause));
      for (const io::Reject& reject : log.examples(cause))
        fmt::print(stderr, "            {}\n", printable(io::to_string(reject), 200));
    }
    if (!input.dead_letter.empty()) fmt::print(stderr, "  kept in {}\n", input.dead_letter);
  }
  absl::Status written = reader.finish();
  if (!written.ok()) {
    complain(std::string(written.message()));
    return kUsage;
  }
  absl::Status status = reader.status();
  if (!status.ok() && !(input.strict && log.total() > 0)) {
    complain(std::string(status.message()));
    return kUsage;
  }
  if (!status.ok() && quiet) complain(std::string(status.message()));
  return log.total() > 0 ? kPartlyRejected : kOk;
}

Json rejects_json(const io::RejectLog& log) {
  Json by_cause = Json::object(), examples = Json::array();
  for (size_t c = 0; c < io::kRejectCauseCount; ++c) {
    auto cause = static_cast<io::RejectCause>(c);
    if (log.count(cause) == 0) continue;
    by_cause[std::string(io::reject_cause_name(cause))] = log.count(cause);
    for (const io::Reject& r : log.examples(cause))
      examples.push_back({{"file", r.file},
                          {"line", r.line},
                          {"cause", std::string(io::reject_cause_name(cause))},
                          {"field", r.field},
                          {"message", r.message}});
  }
  return {{"total", log.total()}, {"by_cause", by_cause}, {"examples", examples}};
}

}  // namespace weir::tools
