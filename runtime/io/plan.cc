#include "runtime/io/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/base/diagnostics.h"

namespace weir::io {
namespace {

absl::Status invalid(const std::string& text) { return absl::InvalidArgumentError(absl::string_view(text)); }

void add_key(KeyNode* root, std::string_view path, uint16_t target) {
  KeyNode* node = root;
  while (true) {
    size_t dot = path.find('.');
    std::string_view key = path.substr(0, dot);
    auto it =
        std::find_if(node->children.begin(), node->children.end(), [&](const KeyNode& c) { return c.key == key; });
    if (it == node->children.end()) {
      node->children.push_back({std::string(key), {}, {}});
      it = node->children.end() - 1;
    }
    node = &*it;
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  node->targets.push_back(target);
}

absl::Status read_format(const std::string& format, FieldPlan* plan) {
  if (format.empty() || format == "rfc3339") {
    plan->time_format = TimeFormat::kRfc3339;
  } else if (format == "unix") {
    plan->time_format = TimeFormat::kUnix;
  } else if (format == "unix_ms") {
    plan->time_format = TimeFormat::kUnixMs;
  } else if (format.find('%') != std::string::npos) {
    plan->time_format = TimeFormat::kStrptime;
    plan->strptime = format;
  } else {
    return invalid(
        fmt::format("field `{}`: unknown time format `{}`; known: rfc3339, unix, unix_ms, or a strptime format",
                    plan->name, format));
  }
  return absl::OkStatus();
}

absl::StatusOr<EventPlan> plan_event(const ir::Program& program, uint32_t index, const types::EventMapping* mapping,
                                     const std::vector<FieldPlan>& extras) {
  const ir::Event& event = program.events[index];
  EventPlan plan;
  plan.event = index;
  plan.slot_count = event.slot_count;
  if (mapping != nullptr) {
    for (const auto& [name, unused] : mapping->fields) {
      if (event.schema.find(name) >= 0) continue;
      std::vector<std::string_view> names;
      for (const auto& f : event.schema.fields) names.push_back(f.name);
      std::string_view close = base::did_you_mean(name, names);
      return invalid(fmt::format("event `{}` has no field `{}` to map{}", event.schema.name, name,
                                 close.empty() ? "" : fmt::format("; did you mean `{}`?", close)));
    }
  }
  for (size_t slot = 0; slot < event.schema.fields.size(); ++slot) {
    const types::Field& field = event.schema.fields[slot];
    FieldPlan f;
    f.name = field.name;
    f.path = field.name;
    f.type = field.type->base();
    f.optional = field.optional;
    if (mapping != nullptr) {
      if (auto it = mapping->fields.find(field.name); it != mapping->fields.end()) {
        if (!it->second.path.empty()) f.path = it->second.path;
        f.split = it->second.split;
        if (!f.split.empty() && !f.type->is(types::Kind::kList))
          return invalid(
              fmt::format("field `{}` is split but is no list: its type is {}", f.name, types::to_string(f.type)));
        if (!it->second.format.empty() && !f.type->is(types::Kind::kTimestamp))
          return invalid(
              fmt::format("field `{}` has a time format but its type is {}", f.name, types::to_string(f.type)));
        if (absl::Status s = read_format(it->second.format, &f); !s.ok()) return s;
      }
    }
    add_key(&plan.keys, f.path, static_cast<uint16_t>(slot));
    plan.fields.push_back(std::move(f));
  }
  for (size_t i = 0; i < extras.size(); ++i)
    add_key(&plan.keys, extras[i].path, static_cast<uint16_t>(plan.fields.size() + i));
  return plan;
}

}  // namespace

const KeyNode* KeyNode::find(std::string_view name, size_t* hint) const {
  // Logs repeat their key order: the next key is nearly always the one after the last.
  size_t n = children.size();
  for (size_t k = 0; k < n; ++k) {
    size_t i = *hint + k;
    if (i >= n) i -= n;
    if (children[i].key == name) {
      *hint = i + 1 < n ? i + 1 : 0;
      return &children[i];
    }
  }
  return nullptr;
}

absl::StatusOr<DecodePlan> make_plan(const ir::Program& program, const std::vector<types::EventMapping>& mappings,
                                     const PlanOptions& options) {
  DecodePlan plan;
  for (const std::string& path : options.extra_paths) plan.extras.push_back({path, path});
  std::vector<const types::EventMapping*> by_event(program.events.size(), nullptr);
  std::vector<std::string_view> names;
  for (const auto& e : program.events) names.push_back(e.schema.name);
  bool any_mapped = false, any_typed = false;
  for (const auto& mapping : mappings) {
    int index = program.find_event(mapping.event);
    if (index < 0) {
      std::string_view close = base::did_you_mean(mapping.event, names);
      return invalid(fmt::format("weir.yaml maps event `{}`, which no rule file declares{}", mapping.event,
                                 close.empty() ? "" : fmt::format("; did you mean `{}`?", close)));
    }
    by_event[static_cast<size_t>(index)] = &mapping;
    any_mapped = true;
    any_typed = any_typed || !mapping.type_path.empty() || !mapping.type_value.empty();
  }
  if (program.events.empty()) return invalid("the rule set declares no event");

  if (!options.event.empty()) {
    int index = program.find_event(options.event);
    if (index < 0) {
      std::string_view close = base::did_you_mean(options.event, names);
      return invalid(fmt::format("no event `{}` is declared{}", options.event,
                                 close.empty() ? "" : fmt::format("; did you mean `{}`?", close)));
    }
    auto event = plan_event(program, static_cast<uint32_t>(index), by_event[static_cast<size_t>(index)], plan.extras);
    if (!event.ok()) return event.status();
    plan.events.push_back(*std::move(event));
    return plan;
  }

  for (uint32_t i = 0; i < program.events.size(); ++i) {
    if (any_mapped && !any_typed && by_event[i] == nullptr) continue;  // the log holds what the manifest maps
    auto event = plan_event(program, i, by_event[i], plan.extras);
    if (!event.ok()) return event.status();
    event->type_value = by_event[i] != nullptr && !by_event[i]->type_value.empty() ? by_event[i]->type_value
                                                                                   : program.events[i].schema.name;
    if (by_event[i] != nullptr && !by_event[i]->type_path.empty()) {
      if (!plan.type_path.empty() && plan.type_path != by_event[i]->type_path)
        return invalid(fmt::format("events tell their type by two keys, `{}` and `{}`; one log has one", plan.type_path,
                                   by_event[i]->type_path));
      plan.type_path = by_event[i]->type_path;
    }
    plan.events.push_back(*std::move(event));
  }
  if (plan.type_path.empty() && (plan.events.size() > 1 || any_typed)) plan.type_path = "type";
  return plan;
}

}  // namespace weir::io
