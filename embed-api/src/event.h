#pragma once

#include <memory>
#include <string>
#include <vector>

#include "embed-api/src/handles.h"
#include "runtime/io/json_decoder.h"
#include "runtime/value/arena.h"
#include "runtime/value/value.h"

struct weir_event {
  std::shared_ptr<const weir::embed::RulesetState> ruleset;
  int event = -1;                       // in the rule set; -1: not known yet
  bool any = false;                     // the next JSON text decides
  std::vector<weir::value::Value> row;  // a value for each field, missing where absent; text in the arena
  weir::value::Arena arena;

  // For JSON, made when first needed: the first read whole events, the second one field.
  std::unique_ptr<weir::io::JsonDecoder> whole, single;
  std::string json;  // padded copy of the text
  std::vector<weir::value::Value> decoded;

  const weir::embed::Shape& shape() const { return ruleset->shapes[static_cast<size_t>(event)]; }
  void clear();
};
