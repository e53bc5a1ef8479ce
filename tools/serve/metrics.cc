#include "tools/serve/metrics.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/serve/service.h"

namespace weir::serve {
namespace {

using Out = std::back_insert_iterator<std::string>;

void head(std::string* out, std::string_view name, std::string_view type, std::string_view help) {
  fmt::format_to(Out(*out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

template <typename T>
void single(std::string* out, std::string_view name, std::string_view type, std::string_view help, T value) {
  head(out, name, type, help);
  fmt::format_to(Out(*out), "{} {}\n", name, value);
}

std::string label_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out.push_back('\\');
    if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string endpoint_labels(size_t endpoint) {
  const auto all = endpoints();
  if (endpoint >= all.size()) return "endpoint=\"none\"";
  return fmt::format("endpoint=\"{} {}\"", all[endpoint].method == Method::kGet ? "GET" : "POST", all[endpoint].path);
}

void requests(const Service& service, std::string* out) {
  std::string durations;
  head(out, "weir_http_requests_total", "counter", "Requests answered.");
  head(&durations, "weir_http_request_seconds", "histogram",
       "From the whole request to its answer, without the network.");
  for (size_t e = 0; e < WorkerMetrics::kEndpoints; ++e) {
    const std::string labels = endpoint_labels(e);
    uint64_t asked = 0;
    for (size_t s = 0; s < WorkerMetrics::kStatuses.size(); ++s) {
      uint64_t n = 0;
      for (const auto& w : service.workers()) n += w->metrics.by_status(e, s);
      asked += n;
      if (n > 0)
        fmt::format_to(Out(*out), "weir_http_requests_total{{{},code=\"{}\"}} {}\n", labels,
                       WorkerMetrics::kStatuses[s], n);
    }
    if (asked == 0) continue;
    uint64_t cumulated = 0, nanos = 0;
    for (size_t b = 0; b <= WorkerMetrics::kBounds.size(); ++b) {
      for (const auto& w : service.workers()) cumulated += w->metrics.bucket(e, b);
      const bool last = b == WorkerMetrics::kBounds.size();
      fmt::format_to(Out(durations), "weir_http_request_seconds_bucket{{{},le=\"{}\"}} {}\n", labels,
                     last ? "+Inf" : fmt::format("{}", WorkerMetrics::kBounds[b]), cumulated);
    }
    for (const auto& w : service.workers()) nanos += w->metrics.nanos(e);
    fmt::format_to(Out(durations), "weir_http_request_seconds_sum{{{}}} {}\nweir_http_request_seconds_count{{{}}} {}\n",
                   labels, static_cast<double>(nanos) / 1e9, labels, cumulated);
  }
  *out += durations;
}

void events(Service& service, std::string* out) {
  uint64_t evaluated = 0, rejected = 0;
  std::array<uint64_t, 4> verdicts{};
  for (const auto& w : service.workers()) {
    evaluated += w->metrics.events.load(std::memory_order_relaxed);
    rejected += w->metrics.rejected.load(std::memory_order_relaxed);
    for (size_t v = 0; v < verdicts.size(); ++v) verdicts[v] += w->metrics.verdicts[v].load(std::memory_order_relaxed);
  }
  single(out, "weir_events_total", "counter", "Events decided about.", evaluated);
  single(out, "weir_events_rejected_total", "counter", "Records that could not become events.", rejected);
  head(out, "weir_verdicts_total", "counter", "Verdicts given.");
  for (size_t v = 0; v < verdicts.size(); ++v)
    fmt::format_to(Out(*out), "weir_verdicts_total{{verdict=\"{}\"}} {}\n",
                   ir::verdict_name(static_cast<ir::Verdict>(v)), verdicts[v]);
  const EventTotals totals = service.deciders().event_totals();
  single(out, "weir_events_late_total", "counter", "Events too late for a window of a feature.", totals.late);
  single(out, "weir_events_duplicate_total", "counter", "Events ignored: their id came before.", totals.duplicate);
  single(out, "weir_events_ahead_total", "counter", "Events far ahead of the one before.", totals.ahead);
  single(out, "weir_events_expired_total", "counter", "Events whose time was over before the rules were through.",
         totals.expired);
}

void rule_counters(Service& service, std::string* out) {
  head(out, "weir_rule_outcomes_total", "counter", "What rules did, other than not fire.");
  for (const RuleTotals& t : service.deciders().rule_totals()) {
    const engine::RuleCounters& c = t.counters;
    const std::pair<std::string_view, uint64_t> outcomes[] = {
        {"fired", c.fired},     {"suppressed", c.suppressed}, {"tripped", c.tripped},        {"error", c.errors},
        {"missing", c.missing}, {"snoozed", c.snoozed},       {"quarantined", c.quarantined}};
    for (const auto& [outcome, n] : outcomes)
      if (n > 0)
        fmt::format_to(Out(*out), "weir_rule_outcomes_total{{rule=\"{}\",outcome=\"{}\"}} {}\n", label_value(t.id),
                       outcome, n);
  }
}

}  // namespace

void WorkerMetrics::count(size_t endpoint, int status, std::chrono::nanoseconds took) {
  endpoint = std::min(endpoint, kEndpoints - 1);
  const auto known = std::find(kStatuses.begin(), kStatuses.end(), status);
  if (known != kStatuses.end()) add(statuses_[endpoint][static_cast<size_t>(known - kStatuses.begin())]);
  const double seconds = std::chrono::duration<double>(took).count();
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  add(buckets_[endpoint][static_cast<size_t>(bound - kBounds.begin())]);
  add(nanos_[endpoint], static_cast<uint64_t>(std::max<int64_t>(took.count(), 0)));
}

std::string render_metrics(Service& service) {
  std::string out;
  Deciders& deciders = service.deciders();
  const std::shared_ptr<const Generation> now = deciders.current();
  const bundle::Contents& contents = now->set->bundle.contents();
  head(&out, "weir_build_info", "gauge", "The server's version.");
  fmt::format_to(Out(out), "weir_build_info{{version=\"{}\"}} 1\n", label_value(service.version()));
  single(&out, "weir_start_time_seconds", "gauge", "When the server began, in Unix time.",
         static_cast<double>(service.started()) / 1e9);
  single(&out, "weir_generation", "gauge", "Of the rules that decide.", now->number);
  head(&out, "weir_rules_info", "gauge", "The rule set that decides.");
  fmt::format_to(Out(out), "weir_rules_info{{name=\"{}\",digest=\"{}\"}} 1\n", label_value(contents.name),
                 now->set->bundle.digest());
  single(&out, "weir_rules", "gauge", "Rules that are loaded.", contents.rules.size());
  single(&out, "weir_native", "gauge", "1 if native code evaluates, 0 if the interpreter does.",
         now->set->rules->tier() == engine::Tier::kNative ? 1 : 0);
  single(&out, "weir_publications_total", "counter", "Generations published since the start.",
         service.publisher().published());
  single(&out, "weir_load_failures_total", "counter", "Rules that could not be loaded.",
         service.publisher().load_failures());
  single(&out, "weir_audit_records", "gauge", "Records in the audit log.", service.audit().records());
  single(&out, "weir_state_bytes", "gauge", "What features, labels and once keys take.", deciders.state_bytes());
  single(&out, "weir_warming_features", "gauge", "New features that are missing as yet.", deciders.warming().size());
  single(&out, "weir_store_failed", "gauge", "1 if events cannot be logged: no verdict is given.",
         deciders.failure().ok() ? 0 : 1);
  single(&out, "weir_connections", "gauge", "Open connections.", service.connections().load());
  single(&out, "weir_connections_refused_total", "counter", "Connections over the limit.",
         service.refused_connections().load());
  events(service, &out);
  rule_counters(service, &out);
  requests(service, &out);
  return out;
}

}  // namespace weir::serve
