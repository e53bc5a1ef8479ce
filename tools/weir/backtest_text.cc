// The backtest report for people, also those who read no code: what each table means stands above it.
#include <fmt/format.h>

#include <algorithm>

#include "tools/weir/backtest_report.h"
#include "tools/weir/output.h"

namespace weir::tools {
namespace {

using backtest::Confusion;
using backtest::Figures;
using backtest::Proportion;
using enum Table::Align;

Table::Cell number(uint64_t n) { return {with_commas(n), n == 0 ? Style::kDim : Style::kPlain}; }

Style judge(const Proportion& p) {
  if (!p.defined()) return Style::kDim;
  return p.value() >= 0.9 ? Style::kGreen : p.value() >= 0.5 ? Style::kYellow : Style::kRed;
}

std::vector<std::string> words_of(Proportion p, std::string_view unit) {
  return {share_text(p), interval_text(p), fmt::format("{} of {} {}", with_commas(p.part), with_commas(p.whole), unit)};
}

std::string verdict_table(const Figures& f, bool labelled) {
  Table t;
  t.column("verdict", kLeft);
  t.column("events", kRight);
  t.column("share", kRight);
  if (labelled) {
    t.column("labelled bad", kRight);
    t.column("labelled good", kRight);
    if (f.labelled < f.events) t.column("no label", kRight);
  }
  for (size_t v = 0; v < 4; ++v) {
    std::vector<Table::Cell> cells = {
        std::string(ir::verdict_name(static_cast<ir::Verdict>(v))), number(f.verdicts[v]),
        f.events == 0 ? "–" : percent(static_cast<double>(f.verdicts[v]) / static_cast<double>(f.events))};
    if (labelled) {
      cells.push_back(number(f.verdicts_by_label[v][2]));
      cells.push_back(number(f.verdicts_by_label[v][1]));
      if (f.labelled < f.events) cells.push_back(number(f.verdicts_by_label[v][0]));
    }
    t.row(std::move(cells));
  }
  return t.render();
}

std::string judgement_table(const Figures& f, const std::string& entity) {
  Table t;
  t.column("", kLeft);
  t.column("value", kRight);
  t.column("95 % interval", kLeft);
  t.column("", kLeft);
  auto add = [&](std::string what, const Proportion& p, std::string_view unit) {
    auto w = words_of(p, unit);
    t.row(
        {std::move(what), {w[0], p.defined() ? Style::kBold : Style::kDim}, {w[1], Style::kDim}, {w[2], Style::kDim}});
  };
  add("precision by event", f.event.precision(), "alerts are right");
  add("recall by event", f.event.recall(), "bad events are alerted");
  if (!entity.empty()) {
    add("precision by " + entity, f.entity.precision(), "alerted are bad");
    add("recall by " + entity, f.entity.recall(), "bad ones are alerted");
  }
  return t.render();
}

std::string confusion_table(const Figures& f, const std::string& entity) {
  Table t;
  t.column("", kLeft);
  t.column("bad, alerted", kRight);
  t.column("bad, missed", kRight);
  t.column("good, alerted", kRight);
  t.column("good, left alone", kRight);
  auto add = [&](std::string what, const Confusion& c) {
    t.row({std::move(what),
           {with_commas(c.true_positive), Style::kGreen},
           {with_commas(c.false_negative), c.false_negative > 0 ? Style::kYellow : Style::kPlain},
           {with_commas(c.false_positive), c.false_positive > 0 ? Style::kRed : Style::kPlain},
           with_commas(c.true_negative)});
  };
  add("events", f.event);
  if (!entity.empty()) add(entity + "s", f.entity);
  return t.render();
}

std::string overall_text(const Figures& f, const BacktestReport& report, bool labelled) {
  std::string out =
      section("Verdicts", "What the whole rule set decides, event by event; an alert is anything stricter than allow.");
  out += verdict_table(f, labelled);
  out += fmt::format("  {}: {} of 1,000 events", counted(f.alerts, "alert"), per_thousand(f.alerts, f.events));
  if (!report.entity.empty())
    out += fmt::format("; {} of {} distinct {}s alerted", with_commas(f.alerted_entities), with_commas(f.entities),
                       report.entity);
  out += "\n";
  if (!labelled) return out;
  out += section("How right is it?",
                 "Precision: how many alerts are right. Recall: how much of the bad is found. The interval is where "
                 "the true value lies, 95 times in 100.");
  out += judgement_table(f, report.entity);
  out += section("Hits and misses",
                 report.entity.empty()
                     ? "Alerts against labels."
                     : fmt::format("Alerts against labels. One bad event makes its {} bad, one alert makes it alerted.",
                                   report.entity));
  out += confusion_table(f, report.entity);
  return out;
}

std::string mode_mark(ir::Mode mode) {
  return mode == ir::Mode::kLive ? "" : fmt::format(" ({})", ir::mode_name(mode));
}

std::string rules_text(const Figures& f, const BacktestReport& report, bool labelled, bool whole_log) {
  std::string meaning = "Each rule alone, shadow rules too. Alone: events that no other rule fires on";
  meaning += labelled ? "; in brackets those labelled bad, which are lost without it." : ".";
  std::string out = section("Rules", meaning);
  uint64_t cost = 0;
  for (const auto& c : report.counters) cost += c.cost_ns;
  Table t;
  t.column("rule", kLeft);
  t.column("fires", kRight);
  t.column("per 1,000", kRight);
  if (!report.entity.empty()) t.column(report.entity + "s", kRight);
  if (labelled) {
    t.column("precision", kRight);
    t.column("95 % interval", kLeft);
    t.column("recall", kRight);
    t.column("95 % interval", kLeft);
  }
  t.column("alone", kRight);
  t.column("overlaps most with", kLeft);
  t.column("missing", kRight);
  t.column("errors", kRight);
  if (whole_log && cost > 0) t.column("cost", kRight);
  for (size_t r = 0; r < f.rules.size(); ++r) {
    const backtest::RuleFigures& rule = f.rules[r];
    const ir::Rule& declared = report.program->rules[r];
    std::vector<Table::Cell> cells = {
        {declared.name + mode_mark(declared.mode), rule.fires == 0 ? Style::kDim : Style::kPlain},
        number(rule.fires),
        {per_thousand(rule.fires, f.events), rule.fires == 0 ? Style::kDim : Style::kPlain}};
    if (!report.entity.empty()) cells.push_back(number(rule.entities));
    if (labelled) {
      Proportion precision = rule.event.precision(), recall = rule.event.recall();
      cells.push_back({share_text(precision), judge(precision)});
      cells.push_back({interval_text(precision), Style::kDim});
      cells.push_back(share_text(recall));
      cells.push_back({interval_text(recall), Style::kDim});
    }
    std::string alone = with_commas(rule.unique);
    if (labelled && rule.unique > 0) alone += fmt::format(" ({})", with_commas(rule.unique_positive));
    cells.push_back({alone, rule.unique == 0 ? Style::kDim : Style::kPlain});
    cells.push_back(
        rule.overlaps.empty()
            ? Table::Cell("–", Style::kDim)
            : Table::Cell(fmt::format(
                  "{} {}", report.program->rules[rule.overlaps[0].rule].name,
                  percent(static_cast<double>(rule.overlaps[0].both) / static_cast<double>(rule.fires), 0))));
    cells.push_back(number(rule.missing));
    cells.push_back({with_commas(rule.errors), rule.errors > 0 ? Style::kRed : Style::kDim});
    if (whole_log && cost > 0)
      cells.push_back(percent(static_cast<double>(report.counters[r].cost_ns) / static_cast<double>(cost)));
    t.row(std::move(cells));
  }
  out += t.render();
  for (size_t r = 0; r < f.rules.size(); ++r)
    if (f.rules[r].suppressed + f.rules[r].tripped > 0)
      out += fmt::format("  {}: {} held back by `once`, {} over its limit\n", report.program->rules[r].name,
                         with_commas(f.rules[r].suppressed), with_commas(f.rules[r].tripped));
  for (size_t r = 0; r < f.rules.size(); ++r)
    if (f.rules[r].snoozed > 0)
      out += fmt::format("  {}: {} while it was snoozed\n", report.program->rules[r].name,
                         with_commas(f.rules[r].snoozed));
  return out;
}

// With many rules the matrix is for the JSON report; people get the pairs that matter.
constexpr size_t kMatrixRules = 20;

std::string overlap_text(const Figures& f, const BacktestReport& report) {
  std::vector<size_t> fired;
  for (size_t r = 0; r < f.rules.size(); ++r)
    if (f.rules[r].fires > 0) fired.push_back(r);
  if (fired.size() < 2 || fired.size() > kMatrixRules) return "";
  std::string out =
      section("Overlap", "Of 100 events the rule in the row fires on, how many the rule in the column fires on too.");
  Table t;
  t.column("", kLeft);
  for (size_t i = 0; i < fired.size(); ++i) t.column(fmt::format("{}", i + 1), kRight);
  for (size_t i = 0; i < fired.size(); ++i) {
    const auto& rule = f.rules[fired[i]];
    std::vector<Table::Cell> cells = {fmt::format("{:>2} {}", i + 1, report.program->rules[fired[i]].name)};
    for (size_t other : fired) {
      if (other == fired[i]) {
        cells.push_back({"·", Style::kDim});
        continue;
      }
      uint64_t both = 0;
      for (const auto& o : rule.overlaps)
        if (o.rule == other) both = o.both;
      double share = static_cast<double>(both) / static_cast<double>(rule.fires);
      cells.push_back(both == 0 ? Table::Cell("–", Style::kDim)
                                : Table::Cell(share < 0.005 ? "<1" : fmt::format("{:.0f}", share * 100),
                                              share >= 0.9 ? Style::kYellow : Style::kPlain));
    }
    t.row(std::move(cells));
  }
  return out + t.render();
}

std::string causes_text(const BacktestReport& report) {
  if (report.causes.empty()) return "";
  std::string out = section("Missing values and errors", "Where a rule could not be decided, it did not fire.");
  Table t;
  t.column("rule", kLeft);
  t.column("events", kRight);
  t.column("cause", kLeft);
  size_t shown = std::min<size_t>(report.causes.size(), 20);
  for (size_t i = 0; i < shown; ++i) {
    const auto& cause = report.causes[i];
    t.row({report.program->rules[cause.rule].name,
           with_commas(cause.count),
           {printable(report.cause_texts[i], 100), cause.missing ? Style::kPlain : Style::kRed}});
  }
  out += t.render();
  if (shown < report.causes.size()) out += fmt::format("  and {} more (see --out)\n", report.causes.size() - shown);
  return out;
}

// Texts have a line each, the other fields share lines.
std::string fields_text(const SampledEvent& e) {
  constexpr size_t kIndent = 4, kWidest = 40;
  size_t width = terminal_width() - kIndent;
  std::string out, line;
  auto end_line = [&] {
    if (!line.empty()) out += fmt::format("{:{}}{}\n", "", kIndent, styled(line, Style::kDim));
    line.clear();
  };
  for (const SampledEvent::Field& field : e.fields) {
    std::string label = field.name + ": ";
    if (field.is_text) {
      line = label + printable(field.value, width - std::min(label.size(), width / 2));
      end_line();
      continue;
    }
    std::string cell = label + printable(field.value, kWidest);
    if (display_width(line) + 2 + display_width(cell) > width) end_line();
    line += (line.empty() ? "" : "  ") + cell;
  }
  end_line();
  return out;
}

std::string sample_text(const BacktestReport& report) {
  if (report.sample_of.empty()) return "";
  std::string out =
      section("Sample", fmt::format("{} of {} {}, chosen at random (the same every time).", report.sample.size(),
                                    with_commas(report.sample_population), report.sample_of));
  for (const SampledEvent& e : report.sample) {
    std::string label = e.label == backtest::Label::kPositive   ? styled("bad", Style::kRed)
                        : e.label == backtest::Label::kNegative ? styled("good", Style::kGreen)
                                                                : "no label";
    out += fmt::format("  {}  {} ({}, {}:{})\n", styled(printable(e.id, 60), Style::kBold), e.verdict, label, e.file,
                       e.line);
    for (const auto& [rule, text] : e.because) {
      size_t room = terminal_width() - std::min(rule.size() + 6, terminal_width() / 2);
      out += fmt::format("    {}: {}\n", rule, text.empty() ? "(no because)" : printable(text, room));
    }
    out += fields_text(e);
  }
  return out;
}

}  // namespace

std::string to_text(const BacktestReport& report) {
  bool labelled = report.all.labelled > 0;
  std::string out = fmt::format("{} over {}", styled("Backtest of " + report.rule_set, Style::kBold),
                                counted(report.all.events, "event"));
  out += fmt::format(
      " in {} ({} events a second, {})\n", duration_text(report.seconds),
      with_commas(static_cast<uint64_t>(static_cast<double>(report.all.events) / std::max(report.seconds, 1e-9))),
      report.tier);
  for (const std::string& log : report.logs) out += fmt::format("  {}\n", styled(log, Style::kDim));
  if (!report.label.empty())
    out += fmt::format("  label `{}`: {} bad, {} good{}\n", report.label, with_commas(report.all.positive),
                       with_commas(report.all.labelled - report.all.positive),
                       report.all.labelled < report.all.events
                           ? fmt::format(", {} without", with_commas(report.all.events - report.all.labelled))
                           : "");
  bool any_live = std::any_of(report.program->rules.begin(), report.program->rules.end(), [](const ir::Rule& r) {
    return r.mode == ir::Mode::kLive || r.mode == ir::Mode::kCanary;
  });
  if (report.as_live) {
    out += "  shadow rules count as live (--as-live)\n";
  } else if (!any_live && !report.program->rules.empty()) {
    out +=
        styled("  no rule is live, so the set decides nothing: --as-live shows what it would decide\n", Style::kYellow);
  }
  out += overall_text(report.all, report, labelled);
  out += rules_text(report.all, report, labelled, true);
  out += overlap_text(report.all, report);
  out += causes_text(report);
  if (!report.where.empty()) {
    out += fmt::format("\n{}\n", styled(fmt::format("Only events where {}: {} of {}", report.where,
                                                    with_commas(report.subset.events), with_commas(report.all.events)),
                                        Style::kBold));
    out += styled("The rules saw the whole log; these figures count only part of it.\n", Style::kDim);
    if (report.where_undecided > 0)
      out += fmt::format("  on {} more events the condition is missing a value or fails\n",
                         with_commas(report.where_undecided));
    out += overall_text(report.subset, report, report.subset.labelled > 0);
    out += rules_text(report.subset, report, report.subset.labelled > 0, false);
  }
  out += sample_text(report);
  out += report.state_table;
  if (!report.state_shortage.empty()) out += '\n' + report.state_shortage;
  if (report.late_events > 0)
    out +=
        fmt::format("\n  {} events came too late for some window; raise `lateness` in weir.yaml if they should count\n",
                    with_commas(report.late_events));
  if (report.duplicate_events > 0)
    out += fmt::format(
        "\n  {} left out: the id of each came before (`duplicates` in weir.yaml says for how long that counts)\n",
        counted(report.duplicate_events, "event"));
  if (report.ahead_events > 0)
    out +=
        fmt::format("\n  {} far ahead of the one before (`ahead` in weir.yaml): a pause of the log, or a wrong clock\n",
                    counted(report.ahead_events, "event"));
  return out;
}

}  // namespace weir::tools
