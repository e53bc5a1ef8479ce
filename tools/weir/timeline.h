// The moments of an entity's timeline, and their two forms.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/engine/engine.h"
#include "tools/weir/json.h"

namespace weir::tools {

// An event that has the entity, or on which a rule set or took one of its labels; or, with `expired`, the end of a
// label.
struct Moment {
  struct Named {
    std::string name, text;  // text: for people
    Json json;
  };
  struct Hit {
    std::string rule, id, mode, outcome, why;
    bool applied = false, alert = false;
    double score = 0;
  };
  struct LabelChange {
    std::string label, rule, rule_id;
    bool set = false;
    int64_t expires = 0;  // INT64_MAX: never
  };

  int64_t time_nanos = 0;
  std::string event, id, file, verdict;
  uint64_t line = 0;
  double score = 0;
  std::vector<std::string> roles;  // the fields that have the entity
  std::vector<Named> fields, features;
  std::vector<Hit> hits;
  std::vector<LabelChange> labels;

  std::string expired;  // the label
  int64_t set_at_nanos = 0;
};

// {"kind":"event",…} or {"kind":"label_expired",…}; docs/state.md has the members.
Json to_json(const Moment& moment);

// Writes moments for people, one after the other.
class TimelineText {
 public:
  // `key`: of the entity. `many_roles`: by name of the event, whether several of its fields may have it, or a list.
  TimelineText(std::string key, std::map<std::string, bool> many_roles)
      : key_(std::move(key)), many_roles_(std::move(many_roles)) {}
  std::string text(const Moment& moment);

 private:
  std::string event_head(const Moment& moment) const;
  std::string features(const Moment& moment);

  std::string key_;
  std::map<std::string, bool> many_roles_;
  std::map<std::string, std::string> last_;  // of each feature, to tell what has moved
};

}  // namespace weir::tools
