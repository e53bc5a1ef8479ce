// Text form of the IR, and back.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "compiler/base/quote.h"
#include "compiler/ir/program.h"

namespace weir::ir {

namespace {

constexpr std::string_view kConstantNames[] = {"null",  "bool", "int",       "uint",     "double", "string",
                                               "bytes", "type", "timestamp", "duration", "list",   "map"};

// Printable ASCII, whatever the text holds.
std::string quote(std::string_view text) {
  std::string out;
  base::append_quoted_bytes(out, text);
  return out;
}

std::string constant_text(const Constant& c) {
  std::string out(kConstantNames[static_cast<size_t>(c.kind)]);
  switch (c.kind) {
    case ConstantKind::kNull:
      break;
    case ConstantKind::kBool:
    case ConstantKind::kInt:
      out += fmt::format(" {}", c.i);
      break;
    case ConstantKind::kUint:
      out += fmt::format(" {}", c.u);
      break;
    case ConstantKind::kDouble:
      out += fmt::format(" {:a}", c.d);
      break;
    case ConstantKind::kString:
    case ConstantKind::kBytes:
    case ConstantKind::kType:
      out += ' ' + quote(c.s);
      break;
    case ConstantKind::kTimestamp:
    case ConstantKind::kDuration:
      out += fmt::format(" {} {}", c.i, c.u);
      break;
    case ConstantKind::kList:
    case ConstantKind::kMap:
      for (uint32_t item : c.items) out += fmt::format(" #{}", item);
      break;
  }
  return out;
}

std::string node_text(const Module& m, NodeId id) {
  const Node& n = m.node(id);
  std::string out = fmt::format("%{} = {}", id, op_name(n.op));
  if (n.op == Op::kCall) out += fmt::format(" {}", types::builtin_info(n.builtin).id_name);
  if (n.index >= 0) out += fmt::format(" [{}]", n.index);
  if (n.arg_count > 0) {
    out += " (";
    for (size_t i = 0; i < n.arg_count; ++i) out += fmt::format("{}%{}", i ? ", " : "", m.arg(id, i));
    out += ')';
  }
  out += fmt::format(" : {}", types::to_string(n.type));
  if (n.flags & kMayError) out += " !error";
  if (n.flags & kMayMissing) out += " !missing";
  if (n.flags & kUsesEach) out += " !each";
  if (n.memo != kNoMemo) out += fmt::format(" @{}", n.memo);
  return out;
}

// What a reader wants to know of a node without looking elsewhere; a comment, so not read back.
std::string node_comment(const Module& m, NodeId id) {
  const Node& n = m.node(id);
  switch (n.op) {
    case Op::kConst: {
      const Constant& c = m.constants[static_cast<size_t>(n.index)];
      return c.items.empty() ? constant_text(c)
                             : fmt::format("{} of {}", kConstantNames[static_cast<size_t>(c.kind)], c.items.size());
    }
    case Op::kSelect:
    case Op::kHasField:
    case Op::kOptSelect:
      return m.strings[static_cast<size_t>(n.index)];
    case Op::kCallDyn:
      return m.dyn_callees[static_cast<size_t>(n.index)].function;
    case Op::kFail:
      return m.failures[static_cast<size_t>(n.index)].message;
    default:
      return "";
  }
}

}  // namespace

std::string print(const Module& m) {
  std::string out;
  for (size_t i = 0; i < m.constants.size(); ++i) out += fmt::format("#{} = {}\n", i, constant_text(m.constants[i]));
  for (const std::string& s : m.strings) out += fmt::format("name {}\n", quote(s));
  for (const auto& mask : m.masks) {
    out += "mask ";
    for (uint8_t bit : mask) out += bit ? '1' : '0';
    out += '\n';
  }
  for (const DynCallee& c : m.dyn_callees)
    out += fmt::format("callee {} {}\n", static_cast<int>(c.style), quote(c.function));
  for (const Failure& f : m.failures) out += fmt::format("failure {} {}\n", f.code, quote(f.message));
  for (const Fold& f : m.folds) {
    out += fmt::format("fold {} {} {}", f.iter_local, static_cast<int32_t>(f.iter2_local), f.accu_local);
    for (uint32_t memo : f.memos) out += fmt::format(" @{}", memo);
    out += '\n';
  }
  out += fmt::format("memos {} locals {}", m.memo_count, m.local_count);
  for (uint32_t memo : m.each_memos) out += fmt::format(" @{}", memo);
  out += '\n';
  for (NodeId id = 0; id < m.size(); ++id) {
    out += node_text(m, id);
    std::string comment = node_comment(m, id);
    if (!comment.empty()) out += "  // " + (comment.size() > 60 ? comment.substr(0, 60) + "..." : comment);
    out += '\n';
  }
  return out;
}

std::string print(const Program& p) {
  std::string out = print(p.module);
  auto ref = [](NodeId node) { return node == kNoNode ? std::string("-") : fmt::format("%{}", node); };
  for (const Event& e : p.events) {
    out += fmt::format("event {} slots {}\n", e.schema.name, e.slot_count);
    for (size_t i = 0; i < e.schema.fields.size(); ++i) {
      const types::Field& f = e.schema.fields[i];
      out += fmt::format("  [{}] {}: {}{}\n", i, f.name, types::to_string(f.type), f.optional ? "?" : "");
    }
    for (const DecideArm& arm : e.decide)
      out += fmt::format("  decide {} when {}\n", verdict_name(arm.verdict), ref(arm.when));
  }
  for (const Feature& f : p.features) {
    out += fmt::format("feature {} = {}({}) from {} where {} each {} by", f.name, aggregation_name(f.aggregation),
                       ref(f.arg), p.events[f.event].schema.name, ref(f.where), ref(f.each_list));
    for (NodeId key : f.keys) out += ' ' + ref(key);
    out += fmt::format(" over {}ns pane {}ns{}\n", f.window.nanos, f.window.pane_nanos, f.window.exact ? " exact" : "");
    out += fmt::format("  identity {}\n", to_string(f.identity));
  }
  for (const Rule& r : p.rules) {
    out += fmt::format("rule {} on {} mode {} when {} score {}\n", r.name, p.events[r.event].schema.name,
                       mode_name(r.mode), ref(r.when), ref(r.score));
    for (const Effect& e : r.effects) {
      switch (e.kind) {
        case EffectKind::kLabel:
          out += fmt::format("  label {} as {} for {}ns\n", ref(e.key), p.labels[e.label].name, e.duration_nanos);
          break;
        case EffectKind::kUnlabel:
          out += fmt::format("  unlabel {} as {}\n", ref(e.key), p.labels[e.label].name);
          break;
        case EffectKind::kVerdict:
          out += fmt::format("  verdict {}\n", verdict_name(e.verdict));
          break;
        case EffectKind::kCase:
          out += fmt::format("  case {} key {}\n", quote(e.queue), ref(e.key));
          break;
        case EffectKind::kAction:
          out += fmt::format("  action {}", p.actions[e.action].name);
          for (NodeId arg : e.args) out += ' ' + ref(arg);
          out += '\n';
          break;
      }
    }
    if (r.once_key != kNoNode) out += fmt::format("  once per {} every {}ns\n", ref(r.once_key), r.once_nanos);
    if (r.canary_key != kNoNode) out += fmt::format("  canary {}% by {}\n", r.canary_percent, ref(r.canary_key));
    if (r.limit_count > 0) out += fmt::format("  limit {} per {}ns\n", r.limit_count, r.limit_nanos);
  }
  return out;
}

}  // namespace weir::ir
