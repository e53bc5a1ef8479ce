#pragma once

#include <memory>
#include <string>
#include <vector>

#include "embed-api/src/handles.h"

namespace weir::embed {

// How events made from one rule set become rows of another.
class Adapter {
 public:
  struct Way {
    bool tried = false;
    int event = -1;          // here; -1: it does not fit
    std::vector<int> slots;  // by slot of the row: slot of the event, or -1
    std::string why;
  };

  const Way& find(const std::shared_ptr<const RulesetState>& from, int event, const RulesetState& to) {
    if (from_ != from) {
      from_ = nullptr;  // until ways_ are those of `from`: assign may throw
      ways_.assign(from->shapes.size(), {});
      from_ = from;
    }
    Way& way = ways_[static_cast<size_t>(event)];
    if (way.tried) return way;
    const Shape& shape = from->shapes[static_cast<size_t>(event)];
    int here = to.program->find_event(shape.name);
    if (here < 0) {
      way.why = fmt::format("the rules declare no event `{}`", shape.name);
    } else if (fit(shape, to.shapes[static_cast<size_t>(here)], false, &way.slots, &way.why)) {
      way.event = here;
    }
    way.tried = true;
    return way;
  }

 private:
  std::shared_ptr<const RulesetState> from_;
  std::vector<Way> ways_;
};

}  // namespace weir::embed
