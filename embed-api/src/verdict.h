#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "embed-api/src/handles.h"

// Everything a verdict says is copied when it is made: the session may go on, and the event be changed.
struct weir_verdict {
  struct Hit {
    uint32_t rule = 0;
    uint32_t outcome = 0;
    bool applied = false;
    bool alert = false;
    double score = 0;
    std::string because;
    std::string cause;
  };
  struct Effect {
    uint32_t rule = 0;
    const weir::ir::Effect* effect = nullptr;  // in the program
    std::string key;
    std::string args;
  };

  std::shared_ptr<const weir::embed::RulesetState> ruleset;
  uint64_t generation = 0;
  uint32_t event = 0;
  std::string id;
  weir::ir::Verdict verdict = weir::ir::Verdict::kAllow;
  weir::ir::Verdict shadow_verdict = weir::ir::Verdict::kAllow;
  double score = 0, shadow_score = 0;
  std::vector<Hit> hits;
  std::vector<Effect> effects;
  bool duplicate = false;
  bool traced = false;
  std::string explain;

  // Written when first asked for; a const handle is read by many threads.
  mutable std::mutex json_mutex;
  mutable std::string json;

  std::string_view effect_name(const Effect& effect) const;  // of the label, action or queue
};
