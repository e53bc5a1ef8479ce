#include "runtime/backtest/tally.h"

#include <algorithm>

namespace weir::backtest {
namespace {

void count(Confusion* c, bool positive, bool alerted) {
  if (positive) {
    ++(alerted ? c->true_positive : c->false_negative);
  } else {
    ++(alerted ? c->false_positive : c->true_negative);
  }
}

}  // namespace

EntityId EntityTable::intern(uint32_t kind, std::string_view key) {
  scratch_.assign(reinterpret_cast<const char*>(&kind), sizeof kind);
  scratch_.append(key);
  return ids_.try_emplace(scratch_, static_cast<EntityId>(ids_.size())).first->second;
}

void Tally::add(const engine::EventResult& result, ir::Verdict verdict, Label label, EntityId entity) {
  bool alert = verdict != ir::Verdict::kAllow;
  bool labelled = label != Label::kNone, positive = label == Label::kPositive;
  ++totals_.events;
  totals_.labelled += labelled;
  totals_.positive += positive;
  totals_.alerts += alert;
  ++totals_.verdicts[static_cast<size_t>(verdict)];
  ++totals_.verdicts_by_label[static_cast<size_t>(verdict)][static_cast<size_t>(label)];
  if (labelled) count(&totals_.event, positive, alert);
  if (entity != kNoEntity) {
    if (entities_.size() <= entity) entities_.resize(std::max<size_t>(entity + 1, entities_.size() * 2));
    Entity& e = entities_[entity];
    e.seen = true;
    e.labelled |= labelled;
    e.positive |= positive;
    e.alerted |= alert;
  }

  fired_.clear();
  for (const engine::Hit& hit : result.hits) {
    RuleFigures& rule = totals_.rules[hit.rule];
    switch (hit.outcome) {
      case engine::Outcome::kSuppressed:
        ++rule.suppressed;
        break;
      case engine::Outcome::kSnoozed:
        ++rule.snoozed;
        break;
      case engine::Outcome::kQuarantined:
        break;
      case engine::Outcome::kError:
        ++rule.errors;
        break;
      case engine::Outcome::kMissing:
        ++rule.missing;
        break;
      case engine::Outcome::kTripped:
        ++rule.tripped;
        [[fallthrough]];
      case engine::Outcome::kFired:
        ++rule.fires;
        if (labelled) ++(positive ? rule.event.true_positive : rule.event.false_positive);
        if (entity != kNoEntity) rule_entities_[hit.rule].insert(entity);
        fired_.push_back(hit.rule);
    }
  }
  if (fired_.size() == 1) {
    ++totals_.rules[fired_[0]].unique;
    totals_.rules[fired_[0]].unique_positive += positive;
  }
  for (size_t i = 0; i < fired_.size(); ++i)
    for (size_t k = i + 1; k < fired_.size(); ++k) {
      auto [low, high] = std::minmax(fired_[i], fired_[k]);
      ++both_[uint64_t{low} << 32 | high];
    }
}

Figures Tally::figures() const {
  Figures out = totals_;
  uint64_t positive_entities = 0, labelled_entities = 0;
  for (const Entity& e : entities_) {
    out.entities += e.seen;
    out.alerted_entities += e.alerted;
    labelled_entities += e.labelled;
    positive_entities += e.positive;
    if (e.labelled) count(&out.entity, e.positive, e.alerted);
  }
  for (size_t r = 0; r < rules_; ++r) {
    RuleFigures& rule = out.rules[r];
    rule.event.false_negative = out.positive - rule.event.true_positive;
    rule.event.true_negative = out.labelled - out.positive - rule.event.false_positive;
    rule.entities = rule_entities_[r].size();
    for (EntityId id : rule_entities_[r])
      if (entities_[id].labelled) ++(entities_[id].positive ? rule.entity.true_positive : rule.entity.false_positive);
    rule.entity.false_negative = positive_entities - rule.entity.true_positive;
    rule.entity.true_negative = labelled_entities - positive_entities - rule.entity.false_positive;
  }
  for (auto [pair, both] : both_) {
    auto low = static_cast<uint32_t>(pair >> 32), high = static_cast<uint32_t>(pair);
    out.rules[low].overlaps.push_back({high, both});
    out.rules[high].overlaps.push_back({low, both});
  }
  for (RuleFigures& rule : out.rules)
    std::sort(rule.overlaps.begin(), rule.overlaps.end(),
              [](const Overlap& a, const Overlap& b) { return a.both != b.both ? a.both > b.both : a.rule < b.rule; });
  return out;
}

}  // namespace weir::backtest
