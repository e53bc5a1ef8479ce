// weir backtest: what would these rules have done on this log, and how right would they have been?
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <memory>

#include "compiler/types/schema.h"
#include "runtime/backtest/reservoir.h"
#include "runtime/engine/state.h"
#include "runtime/state/time.h"
#include "runtime/value/operations.h"
#include "tools/weir/backtest_report.h"
#include "tools/weir/change_input.h"
#include "tools/weir/event_input.h"
#include "tools/weir/output.h"
#include "tools/weir/rule_input.h"
#include "tools/weir/state_stats.h"
#include "tools/weir/verbs.h"

namespace weir::tools {
namespace {

struct BacktestOptions {
  std::vector<std::string> rules;
  EventInput events;
  TierChoice tier = TierChoice::kAuto;
  std::string cache;
  std::string label, entity, where, out, changes;
  std::string sample_of = "alerts";
  size_t sample = 0;
  bool as_live = false;
  bool no_cost = false;
  bool state_stats = false;
  std::string format = "text";
};

// Where an event's entity stands in its row; slot -1: it has none.
struct EntityField {
  int slot = -1;
  uint32_t kind = 0;
};

// By event: the field asked for, or the first whose type is an entity.
std::optional<std::vector<EntityField>> entity_fields(const ir::Program& program, const std::string& wanted,
                                                      std::string* name) {
  std::vector<EntityField> out;
  bool found = false;
  for (const ir::Event& event : program.events) {
    EntityField field;
    for (size_t slot = 0; slot < event.schema.fields.size() && field.slot < 0; ++slot) {
      const types::Field& f = event.schema.fields[slot];
      if (wanted.empty() ? f.type->is(types::Kind::kEntity) : f.name == wanted) field.slot = static_cast<int>(slot);
    }
    if (field.slot >= 0) {
      const types::Field& f = event.schema.fields[static_cast<size_t>(field.slot)];
      int entity = f.type->is(types::Kind::kEntity) ? program.find_entity(f.type->name()) : -1;
      field.kind = static_cast<uint32_t>(entity + 1);
      if (!found) *name = f.name;
      found = true;
    }
    out.push_back(field);
  }
  if (!wanted.empty() && !found) {
    complain(fmt::format("--entity: no event has a field `{}`", wanted));
    return std::nullopt;
  }
  return out;
}

// `post.is_retweet == 0` speaks of the event it names; with one event declared there is no question.
std::string where_event(const ir::Program& program, const std::string& expression) {
  if (program.events.size() == 1) return program.events[0].schema.name;
  for (const ir::Event& event : program.events) {
    std::string name = event.schema.name;
    for (size_t at = expression.find(name); at != std::string::npos; at = expression.find(name, at + 1)) {
      bool starts = at == 0 || (isalnum(static_cast<unsigned char>(expression[at - 1])) == 0 &&
                                expression[at - 1] != '_' && expression[at - 1] != '.');
      size_t end = at + name.size();
      if (starts && end < expression.size() && (expression[end] == '.' || expression[end] == '[')) return name;
    }
  }
  return "";
}

class Backtest {
 public:
  Backtest(const BacktestOptions& options, const RuleSet& rules, std::shared_ptr<const engine::Rules> compiled,
           std::vector<EntityField> entities, const engine::SessionOptions& session_options)
      : options_(options),
        rules_(rules),
        session_(std::move(compiled), session_options),
        entity_fields_(std::move(entities)),
        label_(backtest::parse_label_spec(options.label)),
        all_(rules.program().rules.size()),
        subset_(rules.program().rules.size()),
        reservoir_(options.sample) {
    if (!rules.extra_nodes.empty()) {
      where_ = rules.extra_nodes[0];
      where_event_ = static_cast<uint32_t>(rules.program().find_event(where_event(rules.program(), options.where)));
    }
  }

  // False, and complained about, if a change does not fit the rules.
  bool run(io::EventReader& reader, ChangeInput& changes) {
    Progress progress(options_.format == "text");
    auto start = std::chrono::steady_clock::now();
    std::vector<io::Record> records;
    std::vector<engine::Session::EventRow> rows;
    uint64_t n = 0;
    while (reader.next(&records, kBatch)) {
      // Changes come in between events: up to the next one, events are evaluated together.
      for (size_t first = 0; first < records.size();) {
        rows.clear();
        while (first + rows.size() < records.size()) {
          const io::Record& record = records[first + rows.size()];
          const int64_t time = state::to_nanos(record.row[types::EventSchema::kTimeSlot]);
          if (!rows.empty() && changes.due(time, n + rows.size())) break;
          if (rows.empty() && !changes.apply_before(time, n, {session_.state().get()})) return false;
          rows.push_back({record.event, record.row});
        }
        session_.evaluate_batch(rows,
                                [&](size_t i, const engine::EventResult& result) { add(records[first + i], result); });
        first += rows.size();
        n += rows.size();
      }
      progress.update(n, reader.raw_position(), reader.raw_size());
    }
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return true;
  }

  engine::Tier tier() const { return session_.rules().tier(); }  // by now
  void fill(BacktestReport* report) {
    report->all = all_.figures();
    report->where = options_.where;
    report->subset = subset_.figures();
    report->where_undecided = where_undecided_;
    report->counters = session_.counters();
    report->causes = session_.causes();
    for (const auto& cause : report->causes) {
      std::string code(value::error_code_name(static_cast<value::ErrorCode>(cause.code)));
      report->cause_texts.push_back(cause.missing        ? fmt::format("missing: {}", cause.text)
                                    : cause.text.empty() ? code
                                                         : fmt::format("{}: {}", code, cause.text));
    }
    report->late_events = session_.late_events();
    report->duplicate_events = session_.duplicate_events();
    report->ahead_events = session_.ahead_events();
    report->state_bytes = session_.state_bytes();
    report->state = state_json(*session_.state());
    if (options_.state_stats) report->state_table = state_text(*session_.state());
    report->state_shortage = state_shortage(*session_.state());
    report->seconds = seconds_;
    if (options_.sample > 0) {
      report->sample_of = options_.sample_of;
      report->sample_population = reservoir_.seen();
      report->sample = std::move(sample_);
    }
  }

 private:
  static constexpr size_t kBatch = 1024;

  void add(const io::Record& record, const engine::EventResult& result) {
    if (result.duplicate) return;  // counted, and nothing else
    ir::Verdict verdict = options_.as_live ? result.shadow_verdict : result.verdict;
    backtest::Label label =
        options_.label.empty() ? backtest::Label::kNone : backtest::read_label(record.extras[0], label_);
    backtest::EntityId entity = entity_of(record);
    all_.add(result, verdict, label, entity);
    if (options_.sample > 0 && wanted_in_sample(verdict, label)) sample(record, result, verdict, label);
    if (where_ == ir::kNoNode || record.event != where_event_) return;
    value::Value keep = session_.eval(where_);
    if (keep.is_true())
      subset_.add(result, verdict, label, entity);
    else if (!keep.ok())
      ++where_undecided_;
  }

  backtest::EntityId entity_of(const io::Record& record) {
    EntityField field = entity_fields_[record.event];
    if (field.slot < 0) return backtest::kNoEntity;
    const value::Value& v = record.row[field.slot];
    if (v.is(value::Kind::kString)) return entities_.intern(field.kind, v.str());
    return v.ok() ? entities_.intern(field.kind, value::to_text(v)) : backtest::kNoEntity;
  }

  bool wanted_in_sample(ir::Verdict verdict, backtest::Label label) const {
    bool alert = verdict != ir::Verdict::kAllow;
    if (options_.sample_of == "false-alarms") return alert && label == backtest::Label::kNegative;
    if (options_.sample_of == "misses") return !alert && label == backtest::Label::kPositive;
    return alert;
  }

  std::vector<SampledEvent::Field> fields_of(const io::Record& record) const {
    std::vector<SampledEvent::Field> texts, others;
    const std::vector<types::Field>& fields = rules_.program().events[record.event].schema.fields;
    for (size_t slot = 0; slot < fields.size(); ++slot) {
      if (slot == types::EventSchema::kIdSlot || !record.row[slot].ok()) continue;
      bool is_text = fields[slot].type->is(types::Kind::kString);
      (is_text ? texts : others).push_back({fields[slot].name, value::to_text(record.row[slot]), is_text});
    }
    texts.insert(texts.end(), others.begin(), others.end());
    return texts;
  }

  void sample(const io::Record& record, const engine::EventResult& result, ir::Verdict verdict, backtest::Label label) {
    size_t at = reservoir_.offer();
    if (at == options_.sample) return;
    if (sample_.size() <= at) sample_.resize(at + 1);
    SampledEvent& e = sample_[at];
    e.id = value::to_text(record.row[types::EventSchema::kIdSlot]);
    e.file = record.file;
    e.line = record.line;
    e.record = record.text;
    e.verdict = ir::verdict_name(verdict);
    e.label = label;
    e.fields = fields_of(record);
    e.because.clear();
    for (const engine::Hit& hit : result.hits)
      if (hit.outcome == engine::Outcome::kFired || hit.outcome == engine::Outcome::kTripped)
        e.because.emplace_back(rules_.program().rules[hit.rule].name, session_.because(hit.rule));
  }

  const BacktestOptions& options_;
  const RuleSet& rules_;
  engine::Session session_;
  std::vector<EntityField> entity_fields_;
  backtest::LabelSpec label_;
  backtest::EntityTable entities_;
  backtest::Tally all_, subset_;
  backtest::Reservoir reservoir_;
  std::vector<SampledEvent> sample_;
  ir::NodeId where_ = ir::kNoNode;
  uint32_t where_event_ = UINT32_MAX;
  uint64_t where_undecided_ = 0;
  double seconds_ = 0;
};

// The rule set with --where compiled into it; nothing (and the exit code) if either is wrong.
std::optional<RuleSet> load(const BacktestOptions& options, int* exit_code) {
  auto rules = load_checked_rules(options.rules, exit_code);
  if (!rules || options.where.empty()) return rules;
  std::string event = where_event(rules->program(), options.where);
  if (event.empty()) {
    complain(
        fmt::format("--where: name the event's fields as event.field; `{}` names none of the events", options.where));
    *exit_code = kUsage;
    return std::nullopt;
  }
  rules = load_rules(options.rules, exit_code, {{options.where, event}});
  if (rules && rules->compilation.program == nullptr) {
    show_diagnostics(rules->compilation, false);
    complain("--where does not compile");
    *exit_code = kUsage;
    return std::nullopt;
  }
  return rules;
}

int run_backtest(const BacktestOptions& options) {
  int exit_code = kOk;
  auto rules = load(options, &exit_code);
  if (!rules) return exit_code;
  BacktestReport report;
  auto entities = entity_fields(rules->program(), options.entity, &report.entity);
  if (!entities) return kUsage;
  if (options.sample > 0 && options.sample_of != "alerts" && options.label.empty()) {
    complain(fmt::format("--sample-of {} needs --label: without labels nothing is false or missed", options.sample_of));
    return kUsage;
  }
  auto compiled = make_rules(*rules, engine_tier(options.tier), options.cache);
  if (!compiled) return kInternal;
  std::vector<std::string> extras;
  if (!options.label.empty()) extras.push_back(backtest::parse_label_spec(options.label).path);
  auto reader = open_events(options.events, *rules, extras);
  if (!reader) return kUsage;

  engine::SessionOptions session = session_options(*rules);
  session.time_rules = !options.no_cost;
  Backtest backtest(options, *rules, std::move(compiled), *std::move(entities), session);
  auto changes = ChangeInput::read(options.changes);
  if (!changes || !backtest.run(*reader, *changes)) return kUsage;
  bool text = options.format == "text";
  exit_code = finish_events(*reader, options.events, false);

  report.program = &rules->program();
  report.rule_set = rules->source.manifest.name.empty() ? options.rules.front() : rules->source.manifest.name;
  report.logs = options.events.paths;
  report.label = options.label;
  report.as_live = options.as_live;
  report.rejects = rejects_json(reader->rejects());
  backtest.fill(&report);
  report.tier = backtest.tier() == engine::Tier::kNative ? "native" : "interpreter";
  if (!options.label.empty() && report.all.events > 0 && report.all.labelled == 0)
    complain(fmt::format("--label: no record has a label at `{}`", options.label));

  if (text)
    print(to_text(report));
  else
    print(json_text(to_json(report), 2) + "\n");
  if (!options.out.empty()) {
    std::ofstream file(options.out, std::ios::binary);
    file << json_text(to_json(report), 2) << "\n";
    file.close();
    if (!file) {
      complain(fmt::format("cannot write {}", options.out));
      return kUsage;
    }
  }
  return exit_code;
}

}  // namespace

void add_backtest(CLI::App& app, Action* action) {
  auto options = std::make_shared<BacktestOptions>();
  CLI::App* verb =
      app.add_subcommand("backtest", "What the rules would have done on a log, and how right they would be");
  add_rules_option(verb, &options->rules)->required();
  add_event_options(verb, &options->events);
  verb->add_option(
          "--label", options->label,
          "Where a record says what it is: 1, true are bad, 0, false good; or PATH=VALUE, bad if it has the value")
      ->type_name("PATH");
  verb->add_option("--entity", options->entity, "Count by this field (default: the event's first entity)")
      ->type_name("FIELD");
  verb->add_option("--where", options->where, "Repeat the figures on the events for which this is true")
      ->type_name("EXPR");
  verb->add_flag("--as-live", options->as_live, "Decide as if shadow rules were live");
  verb->add_option("--sample", options->sample, "Show this many events with why they were alerted")->type_name("N");
  verb->add_option("--sample-of", options->sample_of, "alerts (default), false-alarms or misses")
      ->check(CLI::IsMember({"alerts", "false-alarms", "misses"}))
      ->type_name("KIND");
  verb->add_option("--out", options->out, "Write the figures as JSON (docs/backtest-report.schema.json)")
      ->type_name("FILE");
  verb->add_flag("--state-stats", options->state_stats, "Show what each feature takes in memory, and a key of it");
  verb->add_flag("--no-cost", options->no_cost, "Do not time the rules");
  add_changes_option(verb, &options->changes);
  add_tier_option(verb, &options->tier, false);
  add_cache_option(verb, &options->cache);
  verb->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  verb->footer(
      R"(The log streams through: memory grows with windows and distinct entities, not with the length of the log.

Examples:
  weir backtest --rules rules/ --events log.jsonl.zst
  weir backtest --rules rules/ --events log.jsonl.zst --label label --out report.json
  weir backtest --rules rules/ --events log.csv --label kind=spam --sample 5 --sample-of false-alarms
  weir backtest --rules rules/ --events log.jsonl --label label --where 'post.is_retweet == 0'
)");
  verb->callback([options, action] { *action = [options] { return run_backtest(*options); }; });
}

}  // namespace weir::tools
