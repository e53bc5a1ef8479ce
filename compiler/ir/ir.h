// The typed IR: one hash-consed graph of pure expressions for a whole rule set.
//
// A node is an operation over other nodes; equal nodes are one node, so what rules share is computed once. Evaluation
// is lazy and three-valued: every node yields a value, an error, or missing. Which of the latter two a node can yield
// is explicit in its flags and checked by the verifier, so that code generation can drop the tests that cannot fail.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "compiler/base/source.h"
#include "compiler/ir/id_table.h"
#include "compiler/types/builtins.h"
#include "compiler/types/type.h"

namespace weir::ir {

using NodeId = uint32_t;
inline constexpr NodeId kNoNode = UINT32_MAX;
inline constexpr uint32_t kNoMemo = UINT32_MAX;

enum class Op : uint8_t {
#define WEIR_OP(name, text, arity) name,
#include "compiler/ir/ops.def"
#undef WEIR_OP
};
std::string_view op_name(Op op);
int op_arity(Op op);  // -1: any

enum NodeFlags : uint8_t {
  kMayError = 1,
  kMayMissing = 2,
  kUsesEach = 4,   // depends on the `each` slot: its memo is forgotten for each element
  kInvariant = 8,  // depends on no slot, local, feature, label or list: the same in every evaluation
};

struct Node {
  Op op = Op::kConst;
  uint8_t flags = 0;
  types::BuiltinId builtin = types::BuiltinId::kCount;  // kCall
  int32_t index = -1;
  uint32_t first_arg = 0;  // into Module::args
  uint32_t arg_count = 0;
  uint32_t memo = kNoMemo;            // memo slot, if the node is worth remembering within one evaluation
  uint64_t locals = 0;                // bit i: the value depends on local i of an enclosing fold
  const types::Type* type = nullptr;  // entities erased to their base; bool, int, uint, double and string are exact at
                                      // run time, any other type may also hold null
};

enum class ConstantKind : uint8_t {
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kType,
  kTimestamp,
  kDuration,
  kList,
  kMap
};

struct Constant {
  ConstantKind kind = ConstantKind::kNull;
  int64_t i = 0;   // bool, int; timestamp, duration: seconds
  uint64_t u = 0;  // uint; timestamp, duration: nanoseconds in [0, 1e9)
  double d = 0;
  std::string s;                                             // string, bytes, type
  std::vector<uint32_t> items;                               // list: constants; map: key, value, …
  friend bool operator==(const Constant&, const Constant&);  // doubles by bits
};

// for (item in range) { if (!condition) break; accumulator = step; } result
// A map's range yields keys; the two-variable form index and element, or key and value. A condition that is not true
// ends the loop; an error or missing accumulator does not by itself. Locals are numbered by nesting depth, so equal
// folds of different rules are one node. Each iteration charges one step and first forgets the memos listed; the result
// forgets them too.
struct Fold {
  uint32_t iter_local = 0;
  uint32_t iter2_local = UINT32_MAX;  // two-variable form
  uint32_t accu_local = 0;
  std::vector<uint32_t> memos;  // memo slots of body nodes that depend on this fold's locals
};

struct DynCallee {
  std::string function;
  types::CallStyle style = types::CallStyle::kGlobal;
};

// An evaluation error known at compile time. Codes are numbers of value::ErrorCode; the compiler makes these two.
inline constexpr uint32_t kErrorUndeclared = 11;
inline constexpr uint32_t kErrorUnbound = 13;
struct Failure {
  uint32_t code = 0;
  std::string message;
};

// Locals of the fold at nesting depth d are 3d, 3d+1 and 3d+2, and a mask of them is 64 bits wide.
inline constexpr uint32_t kMaxFoldDepth = 20;
inline constexpr uint32_t kMaxLocals = 3 * kMaxFoldDepth;

class TextReader;
class BinaryReader;

class Module {
 public:
  // --- reading
  const Node& node(NodeId id) const { return nodes_[id]; }
  size_t size() const { return nodes_.size(); }
  std::span<const NodeId> args(NodeId id) const { return {args_.data() + nodes_[id].first_arg, nodes_[id].arg_count}; }
  NodeId arg(NodeId id, size_t i) const { return args_[nodes_[id].first_arg + i]; }
  // Where a node was first written; null if nobody said so.
  const base::Span* span(NodeId id) const {
    return id < spans_.size() && spans_[id].file != kNoFile ? &spans_[id] : nullptr;
  }

  // Whether the nodes of `other`, and all they refer to, are the first ones of this module: whatever was made for them
  // holds here. Types must be of one table; memos are not looked at.
  bool begins_with(const Module& other) const;

  std::vector<Constant> constants;
  std::vector<std::string> strings;         // names of select, has_field…
  std::vector<std::vector<uint8_t>> masks;  // optional masks
  std::vector<Fold> folds;
  std::vector<DynCallee> dyn_callees;
  std::vector<Failure> failures;
  uint32_t memo_count = 0;
  uint32_t local_count = 0;
  std::vector<uint32_t> each_memos;  // memos of nodes with kUsesEach

  // --- building (ir/build.cc): each returns the existing equal node if there is one
  NodeId add(Op op, const types::Type* type, std::span<const NodeId> args, int32_t index = -1,
             types::BuiltinId builtin = types::BuiltinId::kCount, uint8_t extra_flags = 0);
  NodeId add_fold(const types::Type* type, std::span<const NodeId> args, Fold fold);
  void set_span(NodeId id, const base::Span& span);  // unless it has one
  // What was said of a place that was edited is forgotten; what is behind it moves.
  void edit_spans(const base::Edit& edit);
  uint32_t intern(Constant constant);
  uint32_t intern_string(std::string_view text);
  uint32_t intern_mask(const std::vector<uint8_t>& mask);
  uint32_t intern_callee(std::string_view function, types::CallStyle style);
  uint32_t intern_failure(uint32_t code, std::string_view message);

  // Decides which nodes get memo slots, given the nodes that evaluation starts from; fills Fold::memos and each_memos.
  // Call once, after building.
  void plan_memos(std::span<const NodeId> roots);

 private:
  friend class TextReader;
  friend class BinaryReader;
  static constexpr base::FileId kNoFile = UINT32_MAX;

  // With the flags and locals that follow from the operation and its arguments.
  Node make_node(Op op, const types::Type* type, std::span<const NodeId> args, int32_t index, types::BuiltinId builtin,
                 uint8_t extra_flags) const;
  NodeId append(Node node, std::span<const NodeId> args);
  // A module that was read has no tables of what is in it until something is added.
  void index_nodes();

  std::vector<Node> nodes_;
  std::vector<NodeId> args_;
  std::vector<base::Span> spans_;  // by node; shorter, or of no file, where there is none
  IdTable index_, constant_index_;
  std::unordered_map<std::string, uint32_t> string_index_;
};

// Whether a builtin can yield an error for arguments of the kinds its signature states. Bodies of those that cannot
// must not fail for want of budget either: they charge, and the next operation that can fail reports.
bool builtin_can_fail(types::BuiltinId id);

// How many things of the module a node's `index` may name, if its operation needs one; else -1.
int64_t index_bound(const Module& module, Op op);

// Checks every invariant written above: arities, argument order (arguments precede users), types of operands of typed
// operations, flags, locals bound by an enclosing fold.
absl::Status verify(const Module& module, std::span<const NodeId> roots);

// Text form: one line a node, `%7 = call contains_string(%1, %6) : bool !e ?m @3` (flags: !e may error, ?m may be
// missing, each, inv; @memo). Roots are printed by the caller (program.h prints a whole rule set).
std::string print(const Module& module);
// Reads it back into an empty module. Types come from the table.
absl::Status parse(std::string_view text, types::TypeTable& types, Module* module);

}  // namespace weir::ir
