#include "runtime/rollout/promotion.h"

#include <fmt/format.h>

#include <cmath>

namespace weir::rollout {
namespace {

class Judge {
 public:
  void at_most(double limit, double found, std::string_view what) {
    if (limit > 0) note(found <= limit, fmt::format("{} {:.4g}, at most {:.4g}", what, found, limit));
  }
  void at_least(double limit, double found, std::string_view what) {
    if (limit > 0) note(found >= limit, fmt::format("{} {:.4g}, at least {:.4g}", what, found, limit));
  }
  Judgement judgement() && { return {good_ ? Decision::kPromote : Decision::kRollBack, std::move(why_)}; }

 private:
  void note(bool good, const std::string& text) {
    good_ = good_ && good;
    why_ += fmt::format("{}{}{}", why_.empty() ? "" : "; ", good ? "" : "not met: ", text);
  }
  bool good_ = true;
  std::string why_;
};

double share(uint64_t part, uint64_t whole) {
  return part == 0 ? 0 : whole == 0 ? HUGE_VAL : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Judgement judge(const Conditions& asked, const Figures& f) {
  if (asked.events == 0 || f.events < asked.events) return {};
  const bool labels_wanted = asked.min_precision > 0 && f.candidate_precision.whole < asked.min_labelled;
  if (labels_wanted) {
    const uint64_t longest = asked.max_events > 0 ? asked.max_events : 10 * asked.events;
    if (f.events < longest) return {};
    return {Decision::kRollBack, fmt::format("not met: {} of its alerts labelled after {} events, at least {}",
                                             f.candidate_precision.whole, f.events, asked.min_labelled)};
  }
  Judge judge;
  const uint64_t apart =
      f.candidate_alerts > f.live_alerts ? f.candidate_alerts - f.live_alerts : f.live_alerts - f.candidate_alerts;
  judge.at_most(asked.max_alert_change, share(apart, f.live_alerts), "alerts changed by");
  judge.at_least(asked.min_overlap, f.overlap().defined() ? f.overlap().value() : 1, "overlap of alerts");
  judge.at_least(asked.min_precision, f.candidate_precision.value(), "precision");
  judge.at_most(asked.max_error_rate, share(f.candidate_errors, f.events), "errors an event");
  Judgement out = std::move(judge).judgement();
  out.why = fmt::format("after {} events{}{}", f.events, out.why.empty() ? "" : ": ", out.why);
  return out;
}

}  // namespace weir::rollout
