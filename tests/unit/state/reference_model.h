// A naive model of every aggregation over every kind of window: it keeps all raw events and computes each value anew.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "compiler/ir/program.h"
#include "runtime/value/containers.h"
#include "runtime/value/value.h"

namespace weir::state::model {

using ir::Aggregation;
using value::Value;

struct Raw {
  int64_t time;
  Value v;
};

struct Case {
  Aggregation aggregation;
  types::Kind kind;
  ir::Window window;
  double param = 0;  // k of top, q of quantile
};

inline ir::Window panes(int64_t nanos, int64_t pane) { return {ir::WindowKind::kDuration, nanos, pane, 0, false}; }
inline ir::Window exact(int64_t nanos) { return {ir::WindowKind::kDuration, nanos, 0, 0, true}; }
inline ir::Window last(int64_t n) { return {ir::WindowKind::kLast, 0, 0, n, false}; }
inline ir::Window session(int64_t gap) { return {ir::WindowKind::kSession, gap, 0, 0, false}; }
inline ir::Window all() { return {ir::WindowKind::kAll, 0, 0, 0, false}; }

inline double as_double(const Value& v) { return v.is(value::Kind::kDouble) ? v.d : static_cast<double>(v.i); }

// The aggregate of groups of values (panes, oldest first; one group for other windows), each in input order.
inline std::optional<Value> aggregate(const Case& c, const std::vector<std::vector<Raw>>& groups) {
  std::vector<Raw> flat;
  for (const auto& g : groups) flat.insert(flat.end(), g.begin(), g.end());
  if (flat.empty()) return std::nullopt;
  const auto sum = [&] {
    double total = 0;
    bool first = true;
    for (const auto& g : groups) {
      if (g.empty()) continue;
      double part = 0;
      for (const Raw& r : g) part += as_double(r.v);
      total = first ? part : total + part;
      first = false;
    }
    return total;
  };
  switch (c.aggregation) {
    case Aggregation::kCount:
      return Value::integer(static_cast<int64_t>(flat.size()));
    case Aggregation::kSum: {
      if (c.kind == types::Kind::kDouble) return Value::dbl(sum());
      int64_t total = 0;
      for (const Raw& r : flat) total += r.v.i;
      return Value::integer(total);
    }
    case Aggregation::kMean:
      return Value::dbl(sum() / static_cast<double>(flat.size()));
    case Aggregation::kMin:
    case Aggregation::kMax: {
      Value best = flat[0].v;
      for (const Raw& r : flat) {
        const bool less = as_double(r.v) < as_double(best);
        const bool more = as_double(r.v) > as_double(best);
        if (c.aggregation == Aggregation::kMin ? less : more) best = r.v;
      }
      return best;
    }
    case Aggregation::kDistinct: {
      std::set<double> seen;
      for (const Raw& r : flat) seen.insert(as_double(r.v));
      return Value::integer(static_cast<int64_t>(seen.size()));
    }
    case Aggregation::kLast:
    case Aggregation::kFirst: {
      std::stable_sort(flat.begin(), flat.end(), [](const Raw& a, const Raw& b) { return a.time < b.time; });
      return c.aggregation == Aggregation::kLast ? flat.back().v : flat.front().v;
    }
    case Aggregation::kStddev: {
      if (flat.size() < 2) return std::nullopt;
      const double mean = sum() / static_cast<double>(flat.size());
      double squares = 0;
      for (const Raw& r : flat) squares += (as_double(r.v) - mean) * (as_double(r.v) - mean);
      return Value::dbl(std::sqrt(squares / static_cast<double>(flat.size() - 1)));
    }
    case Aggregation::kQuantile: {
      std::vector<double> sorted;
      for (const Raw& r : flat) sorted.push_back(as_double(r.v));
      std::sort(sorted.begin(), sorted.end());
      return Value::dbl(sorted[static_cast<size_t>(c.param * static_cast<double>(sorted.size() - 1))]);
    }
    case Aggregation::kEntropy:
    case Aggregation::kTopK: {
      std::map<double, std::pair<Value, int64_t>> counts;
      for (const Raw& r : flat) {
        auto& entry = counts[as_double(r.v)];
        entry.first = r.v;
        ++entry.second;
      }
      if (c.aggregation == Aggregation::kEntropy) {
        double bits = 0;
        for (const auto& [value, entry] : counts) {
          const double p = static_cast<double>(entry.second) / static_cast<double>(flat.size());
          bits -= p * std::log2(p);
        }
        return Value::dbl(bits);
      }
      std::vector<std::pair<Value, int64_t>> order;
      for (const auto& [value, entry] : counts) order.push_back(entry);
      std::stable_sort(order.begin(), order.end(), [](auto& x, auto& y) { return x.second > y.second; });
      order.resize(std::min(order.size(), static_cast<size_t>(c.param)));
      static std::deque<std::pair<value::ListRep, std::vector<Value>>> lists;  // as long as the test
      auto& [rep, items] = lists.emplace_back();
      for (const auto& entry : order) items.push_back(entry.first);
      rep.size = rep.capacity = static_cast<uint32_t>(items.size());
      rep.items = items.data();
      return Value::of(&rep);
    }
  }
  return std::nullopt;
}

// Bit for bit; what the store computes another way, or within a documented error, as closely as it promises.
inline bool agrees(const Case& c, const Value& got, const Value& expected) {
  switch (c.aggregation) {
    case Aggregation::kTopK:
      return got.is(value::Kind::kList) && value::equal(got, expected);
    case Aggregation::kQuantile:
      return got.is(value::Kind::kDouble) && std::abs(got.d - expected.d) <= 0.01 * std::abs(expected.d) + 1e-9;
    case Aggregation::kStddev:
    case Aggregation::kEntropy:
      return got.is(value::Kind::kDouble) && std::abs(got.d - expected.d) <= 1e-9 * (1 + std::abs(expected.d));
    default:
      return got.kind == expected.kind && got.aux == expected.aux && got.i == expected.i;
  }
}

class Model {
 public:
  explicit Model(const Case& c) : c_(c) {}

  bool add(int64_t horizon, int64_t t, const Value& v) {
    if (c_.window.kind == ir::WindowKind::kDuration && t_group(t) < first_kept(horizon)) return false;
    if (c_.window.kind == ir::WindowKind::kSession) {
      // One run a key: what comes a gap after it begins another, what is a gap before it is late.
      if (t < horizon - c_.window.nanos) return false;
      if (events_.empty() || t - last_ > c_.window.nanos) {
        events_.clear();
        first_ = last_ = t;
      } else if (first_ - t > c_.window.nanos) {
        return false;
      }
      first_ = std::min(first_, t);
      last_ = std::max(last_, t);
    }
    events_.push_back({t, v});
    if (c_.window.kind == ir::WindowKind::kLast && events_.size() > static_cast<size_t>(c_.window.count)) {
      auto oldest =
          std::min_element(events_.begin(), events_.end(), [](const Raw& a, const Raw& b) { return a.time < b.time; });
      events_.erase(oldest);  // of equal times the first in input order
    }
    return true;
  }

  std::optional<Value> read(int64_t horizon, int64_t t) const {
    std::map<int64_t, std::vector<Raw>> groups;
    for (const Raw& r : events_) {
      if (!c_.window.exact && c_.window.kind == ir::WindowKind::kDuration) {
        const int64_t k = t_group(t), n = c_.window.nanos / c_.window.pane_nanos, g = t_group(r.time);
        if (g <= k && g > k - n && g >= first_kept(horizon)) groups[g].push_back(r);
      } else if (c_.window.exact) {
        if (r.time <= t && r.time > t - c_.window.nanos && r.time >= first_kept(horizon)) groups[0].push_back(r);
      } else if (c_.window.kind == ir::WindowKind::kLast) {
        if (r.time <= t) groups[0].push_back(r);
      } else {
        groups[0].push_back(r);
      }
    }
    if (c_.window.kind == ir::WindowKind::kSession &&
        (t - last_ > c_.window.nanos || first_ - t > c_.window.nanos || last_ < horizon - c_.window.nanos)) {
      groups.clear();  // apart from the run
    }
    std::vector<std::vector<Raw>> ordered;
    for (auto& [g, list] : groups) {
      // Exact windows hold values by time; ties in input order.
      if (c_.window.exact || c_.window.kind == ir::WindowKind::kLast) {
        std::stable_sort(list.begin(), list.end(), [](const Raw& a, const Raw& b) { return a.time < b.time; });
      }
      ordered.push_back(std::move(list));
    }
    return aggregate(c_, ordered);
  }

 private:
  int64_t t_group(int64_t t) const {
    return c_.window.exact
               ? t
               : static_cast<int64_t>(std::floor(static_cast<double>(t) / static_cast<double>(c_.window.pane_nanos)));
  }
  int64_t first_kept(int64_t horizon) const {
    if (c_.window.exact) return horizon - c_.window.nanos + 1;
    return t_group(horizon) - c_.window.nanos / c_.window.pane_nanos + 1;
  }
  Case c_;
  std::vector<Raw> events_;
  int64_t first_ = 0, last_ = 0;  // of the run
};

}  // namespace weir::state::model
