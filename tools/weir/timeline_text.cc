#include <fmt/format.h>
#include <fmt/ranges.h>

#include "runtime/state/time.h"
#include "runtime/value/operations.h"
#include "tools/weir/output.h"
#include "tools/weir/timeline.h"

namespace weir::tools {
namespace {

constexpr size_t kIndent = 4;

std::string iso(int64_t nanos) { return value::to_text(state::from_nanos(nanos)); }

// "2017-08-24 00:04:00".
std::string time_text(int64_t nanos) {
  std::string text = iso(nanos);
  if (const size_t t = text.find('T'); t != std::string::npos) text[t] = ' ';
  if (!text.empty() && text.back() == 'Z') text.pop_back();
  return text;
}

std::string decimal(double x) { return value::to_text(value::Value::dbl(x)); }

// Cells that share lines as far as the terminal is wide.
class Cells {
 public:
  void add(const std::string& plain, Style style) {
    const size_t width = display_width(plain);
    if (used_ > kIndent && used_ + 2 + width > terminal_width()) {
      out_ += "\n";
      used_ = kIndent;
    }
    if (used_ == kIndent) {
      out_ += std::string(kIndent, ' ');
    } else {
      out_ += "  ";
      used_ += 2;
    }
    out_ += styled(plain, style);
    used_ += width;
  }
  std::string text() const { return out_.empty() ? "" : out_ + "\n"; }

 private:
  std::string out_;
  size_t used_ = kIndent;
};

}  // namespace

std::string TimelineText::event_head(const Moment& m) const {
  std::string out =
      fmt::format("{}  {} {}", styled(time_text(m.time_nanos), Style::kCyan), m.event, printable(m.id, 60));
  if (m.roles.empty()) {
    out += "  (of another)";
  } else if (many_roles_.at(m.event)) {
    out += fmt::format("  as {}", fmt::join(m.roles, ", "));
  }
  if (m.verdict != "allow") out += "  " + styled(m.verdict, Style::kRed);
  if (m.score != 0) out += fmt::format("  score {}", decimal(m.score));
  return out + "\n";
}

std::string TimelineText::features(const Moment& m) {
  Cells cells;
  for (const Moment::Named& f : m.features) {
    std::string& last = last_[f.name];
    const bool moved = last != f.text;
    last = f.text;
    cells.add(fmt::format("{} {}", f.name, printable(f.text, 40)), moved ? Style::kPlain : Style::kDim);
  }
  return cells.text();
}

std::string TimelineText::text(const Moment& m) {
  if (!m.expired.empty())
    return fmt::format("{}  - label {} expired\n", styled(time_text(m.time_nanos), Style::kCyan),
                       styled(m.expired, Style::kYellow));
  std::string out = event_head(m);
  Cells fields;
  for (const Moment::Named& f : m.fields) {
    if (m.roles == std::vector<std::string>{f.name} && f.text == key_) continue;  // everybody knows whose line it is
    fields.add(fmt::format("{}: {}", f.name, printable(f.text, terminal_width() / 2)), Style::kDim);
  }
  out += fields.text();
  out += features(m);
  for (const Moment::Hit& h : m.hits) {
    if (h.outcome == "missing") continue;  // the text has room for what happened
    out += fmt::format("    * {} {}", styled(h.rule, h.applied ? Style::kBold : Style::kPlain), h.outcome);
    if (h.score != 0) out += fmt::format(", score {}", decimal(h.score));
    if (h.mode != "live") out += fmt::format(" ({})", h.mode);
    if (h.alert) out += styled(", over its limit", Style::kRed);
    if (!h.why.empty()) out += ": " + printable(h.why, terminal_width() - terminal_width() / 4);
    out += '\n';
  }
  for (const Moment::LabelChange& l : m.labels)
    out += fmt::format("    {} label {}{}, by {}\n", l.set ? '+' : '-', styled(l.label, Style::kYellow),
                       !l.set                   ? ""
                       : l.expires == INT64_MAX ? " for ever"
                                                : " until " + time_text(l.expires),
                       l.rule);
  return out;
}

Json to_json(const Moment& m) {
  if (!m.expired.empty())
    return {
        {"kind", "label_expired"}, {"time", iso(m.time_nanos)}, {"label", m.expired}, {"set_at", iso(m.set_at_nanos)}};
  Json out = {{"kind", "event"},
              {"time", iso(m.time_nanos)},
              {"event", m.event},
              {"id", m.id},
              {"file", m.file},
              {"line", m.line},
              {"as", m.roles},
              {"verdict", m.verdict},
              {"score", m.score},
              {"fields", Json::object()},
              {"features", Json::object()},
              {"hits", Json::array()},
              {"labels", Json::array()}};
  for (const Moment::Named& f : m.fields) out["fields"][f.name] = f.json;
  for (const Moment::Named& f : m.features) out["features"][f.name] = f.json;
  for (const Moment::Hit& h : m.hits) {
    Json hit = {{"rule", h.rule},       {"id", h.id},           {"mode", h.mode},
                {"outcome", h.outcome}, {"applied", h.applied}, {"score", h.score}};
    if (!h.why.empty())
      hit[h.outcome == "error" || h.outcome == "missing" || h.outcome == "snoozed" ? "cause" : "because"] = h.why;
    if (h.alert) hit["alert"] = true;
    out["hits"].push_back(std::move(hit));
  }
  for (const Moment::LabelChange& l : m.labels) {
    Json label = {{"label", l.label}, {"set", l.set}, {"rule", l.rule}, {"id", l.rule_id}};
    if (l.set) label["expires"] = l.expires == INT64_MAX ? Json(nullptr) : Json(iso(l.expires));
    out["labels"].push_back(std::move(label));
  }
  return out;
}

}  // namespace weir::tools
