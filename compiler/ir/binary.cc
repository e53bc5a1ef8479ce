// One description of each structure serves both directions: `fields(archive, structure)`.
#include "compiler/ir/binary.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <bit>
#include <unordered_map>

#include "compiler/base/bytes.h"
#include "compiler/ir/references.h"

namespace weir::ir {
namespace {

using types::Kind;
using types::Type;

constexpr std::string_view kMagic = "WEIRIR1\n";
// To be raised when the same operations come to mean something else, or a structure gets another member.
constexpr int kRevision = 1;
static_assert(kIrHeaderBytes == kMagic.size() + 16 + 8);
constexpr int kMaxTestDepth = 64;

absl::Status damaged(std::string_view what) {
  const std::string text = fmt::format("the IR is damaged: {}", what);
  return absl::DataLossError(absl::string_view(text.data(), text.size()));
}

Identity vocabulary() {
  static const Identity known = [] {
    std::string text = fmt::format("{}\n", kRevision);
    for (int op = 0; op <= static_cast<int>(Op::kFail); ++op)
      text += fmt::format("{} {}\n", op_name(static_cast<Op>(op)), op_arity(static_cast<Op>(op)));
    for (size_t i = 0; i < types::kBuiltinCount; ++i) {
      const types::BuiltinInfo& info = types::builtin_info(static_cast<types::BuiltinId>(i));
      text += fmt::format("{} {} {} {}\n", info.id_name, info.function, static_cast<int>(info.style), info.signature);
    }
    return identity_of(text);
  }();
  return known;
}

// Writes. Types are written where they first occur and known by number from then on.
class Out {
 public:
  static constexpr bool kReads = false;

  template <typename Integer>
  requires std::is_integral_v<Integer>
  void number(const Integer& n) {
    if constexpr (std::is_signed_v<Integer>)
      bytes_.zigzag(n);
    else
      bytes_.varint(n);
  }
  void flag(const bool& b) { bytes_.u8(b ? 1 : 0); }
  void real(const double& d) { bytes_.dbl(d); }
  void text(const std::string& s) { bytes_.text(s); }
  template <typename Enum>
  void choice(const Enum& e, Enum) {
    bytes_.u8(static_cast<uint8_t>(e));
  }
  void node(const NodeId& id) { bytes_.varint(id == kNoNode ? 0 : uint64_t{id} + 1); }
  void index(const uint32_t& i, size_t) { bytes_.varint(i); }
  void span(const base::Span& s) {
    bytes_.varint(s.file);
    bytes_.varint(s.begin);
    bytes_.varint(s.end - s.begin);
  }
  void type(const Type* const& t) {
    if (const auto known = types_.find(t); known != types_.end()) return bytes_.varint(known->second);
    bytes_.varint(0);
    bytes_.u8(static_cast<uint8_t>(t->kind()));
    bytes_.text(t->name());
    bytes_.varint(t->args().size());
    for (const Type* arg : t->args()) type(arg);
    types_.emplace(t, types_.size() + 1);
  }
  template <typename T, typename Each>
  void list(std::vector<T>& items, Each each) {
    bytes_.varint(items.size());
    for (T& item : items) each(item);
  }

  base::ByteWriter& bytes() { return bytes_; }

 private:
  base::ByteWriter bytes_;
  std::unordered_map<const Type*, size_t> types_;
};

// Reads the same; `node` and `index` are checked against what was read before.
class In {
 public:
  static constexpr bool kReads = true;

  In(std::string_view bytes, types::TypeTable& types, const base::SourceMap& sources)
      : bytes_(bytes), types_(types), sources_(sources) {}

  template <typename Integer>
  requires std::is_integral_v<Integer>
  void number(Integer& n) {
    if constexpr (std::is_signed_v<Integer>) {
      const int64_t v = bytes_.zigzag();
      n = static_cast<Integer>(v);
      if (n != v) bytes_.fail("a number is too large");
    } else {
      const uint64_t v = bytes_.varint();
      n = static_cast<Integer>(v);
      if (n != v) bytes_.fail("a number is too large");
    }
  }
  void flag(bool& b) {
    const uint8_t v = bytes_.u8();
    if (v > 1) bytes_.fail("a flag is neither 0 nor 1");
    b = v == 1;
  }
  void real(double& d) { d = bytes_.dbl(); }
  void text(std::string& s) { s = bytes_.text(); }
  template <typename Enum>
  void choice(Enum& e, Enum last) {
    const uint8_t v = bytes_.u8();
    if (v > static_cast<uint8_t>(last)) bytes_.fail("a choice is not known");
    e = bytes_.ok() ? static_cast<Enum>(v) : Enum{};
  }
  void node(NodeId& id) {
    const uint64_t v = bytes_.varint();
    if (v > nodes_) bytes_.fail("a node does not exist");
    id = v == 0 || !bytes_.ok() ? kNoNode : static_cast<NodeId>(v - 1);
  }
  void index(uint32_t& i, size_t count) {
    number(i);
    if (i >= count) {
      bytes_.fail("a reference leads nowhere");
      i = 0;
    }
  }
  void span(base::Span& s) {
    number(s.file);
    number(s.begin);
    uint32_t size = 0;
    number(size);
    s.end = s.begin + size;
    const bool nowhere = s == base::Span{};
    const size_t length = s.file < sources_.size() ? sources_.file(s.file).text().size() : 0;
    if (!nowhere && (s.file >= sources_.size() || s.begin > length || size > length - s.begin))
      bytes_.fail("a place in the sources does not exist");
    if (!bytes_.ok()) s = {};
  }
  void type(const Type*& t) { t = read_type(0); }
  template <typename T, typename Each>
  void list(std::vector<T>& items, Each each) {
    const size_t n = bytes_.count(1);
    items.reserve(std::min<size_t>(n, 1024));  // the rest as it comes: an item may be larger than its bytes
    for (size_t i = 0; i < n && bytes_.ok(); ++i) each(items.emplace_back());
  }

  base::ByteReader& bytes() { return bytes_; }
  void set_nodes(size_t count) { nodes_ = count; }

 private:
  const Type* read_type(int depth) {
    const uint64_t number = bytes_.varint();
    if (number > 0 && number <= seen_.size()) return seen_[number - 1];
    const uint8_t kind = bytes_.u8();
    std::string name(bytes_.text());
    const size_t count = bytes_.count(1);
    static constexpr int kMaxDepth = 64;
    if (number != 0 || kind > static_cast<uint8_t>(Kind::kParam) || depth > kMaxDepth) bytes_.fail("a type is unknown");
    std::vector<const Type*> args;
    for (size_t i = 0; i < count && bytes_.ok(); ++i) args.push_back(read_type(depth + 1));
    if (!has_shape(static_cast<Kind>(kind), name, args.size())) bytes_.fail("a type is malformed");
    if (!bytes_.ok()) return types_.dyn();
    seen_.push_back(types_.intern(static_cast<Kind>(kind), name, std::move(args)));
    return seen_.back();
  }
  static bool has_shape(Kind kind, std::string_view name, size_t args) {
    switch (kind) {
      case Kind::kList:
      case Kind::kOptional:
        return args == 1 && name.empty();
      case Kind::kMap:
        return args == 2 && name.empty();
      case Kind::kType:
        return args <= 1 && name.empty();
      case Kind::kEntity:
        return args == 1 && !name.empty();
      case Kind::kAbstract:
        return !name.empty();
      case Kind::kParam:
        return args == 0 && !name.empty();
      default:
        return args == 0 && name.empty();
    }
  }

  base::ByteReader bytes_;
  types::TypeTable& types_;
  const base::SourceMap& sources_;
  std::vector<const Type*> seen_;
  size_t nodes_ = 0;
};

template <typename A>
void fields(A& a, Constant& c, size_t before) {
  a.choice(c.kind, ConstantKind::kMap);
  switch (c.kind) {
    case ConstantKind::kNull:
      break;
    case ConstantKind::kBool:
    case ConstantKind::kInt:
      a.number(c.i);
      break;
    case ConstantKind::kUint:
      a.number(c.u);
      break;
    case ConstantKind::kDouble:
      a.real(c.d);
      break;
    case ConstantKind::kString:
    case ConstantKind::kBytes:
    case ConstantKind::kType:
      a.text(c.s);
      break;
    case ConstantKind::kTimestamp:
    case ConstantKind::kDuration:
      a.number(c.i);
      a.number(c.u);
      break;
    case ConstantKind::kList:
    case ConstantKind::kMap:
      a.list(c.items, [&](uint32_t& item) { a.index(item, before); });
      break;
  }
}

// Everything of a module but its nodes.
template <typename A>
void fields(A& a, Module& m) {
  size_t before = 0;
  a.list(m.constants, [&](Constant& c) { fields(a, c, before++); });
  a.list(m.strings, [&](std::string& s) { a.text(s); });
  a.list(m.masks, [&](std::vector<uint8_t>& mask) { a.list(mask, [&](uint8_t& bit) { a.number(bit); }); });
  a.list(m.dyn_callees, [&](DynCallee& c) {
    a.text(c.function);
    a.choice(c.style, types::CallStyle::kOperator);
  });
  a.list(m.failures, [&](Failure& f) {
    a.number(f.code);
    a.text(f.message);
  });
  a.list(m.folds, [&](Fold& f) {
    a.index(f.iter_local, kMaxLocals);
    a.index(f.accu_local, kMaxLocals);
    bool two = f.iter2_local != UINT32_MAX;
    a.flag(two);
    if (two) a.index(f.iter2_local, kMaxLocals);
  });
  a.number(m.local_count);
}

template <typename A>
void fields(A& a, Event& e, const Program& p) {
  a.text(e.schema.name);
  a.list(e.schema.fields, [&](types::Field& f) {
    a.text(f.name);
    a.type(f.type);
    a.flag(f.optional);
    a.span(f.span);
  });
  a.number(e.score_slot);
  a.number(e.each_slot);
  a.number(e.slot_count);
  a.list(e.features, [&](uint32_t& f) { a.index(f, p.features.size()); });
  a.list(e.rules, [&](uint32_t& r) { a.index(r, p.rules.size()); });
  a.list(e.decide, [&](DecideArm& arm) {
    a.choice(arm.verdict, Verdict::kBlock);
    a.node(arm.when);
  });
  a.flag(e.has_decide);
}

template <typename A>
void fields(A& a, Feature& f) {
  a.text(f.name);
  a.number(f.identity.lo);
  a.number(f.identity.hi);
  a.choice(f.aggregation, Aggregation::kEntropy);
  a.real(f.param);
  a.choice(f.value_kind, Kind::kParam);
  a.number(f.event);
  a.node(f.arg);
  a.node(f.where);
  a.node(f.each_list);
  a.list(f.keys, [&](NodeId& key) { a.node(key); });
  a.list(f.key_entities, [&](int& entity) { a.number(entity); });
  a.choice(f.window.kind, WindowKind::kAll);
  a.number(f.window.nanos);
  a.number(f.window.pane_nanos);
  a.number(f.window.count);
  a.flag(f.window.exact);
  a.span(f.span);
}

template <typename A>
void fields(A& a, Effect& e) {
  a.choice(e.kind, EffectKind::kCase);
  a.node(e.key);
  a.number(e.label);
  a.number(e.duration_nanos);
  a.choice(e.verdict, Verdict::kBlock);
  a.number(e.action);
  a.text(e.queue);
  a.list(e.args, [&](NodeId& arg) { a.node(arg); });
}

// Not `source`, which `when_span` says.
template <typename A>
void fields(A& a, Rule& r) {
  a.text(r.name);
  a.text(r.id);
  a.text(r.owner);
  a.text(r.severity);
  a.number(r.event);
  a.choice(r.mode, Mode::kOff);
  a.node(r.when);
  a.list(r.clauses, [&](NodeId& clause) { a.node(clause); });
  a.list(r.clause_spans, [&](base::Span& s) { a.span(s); });
  a.node(r.score);
  a.list(r.effects, [&](Effect& e) { fields(a, e); });
  a.node(r.once_key);
  a.number(r.once_nanos);
  a.node(r.canary_key);
  a.number(r.canary_percent);
  a.number(r.limit_count);
  a.number(r.limit_nanos);
  a.list(r.because, [&](TemplatePiece& piece) {
    a.text(piece.text);
    a.node(piece.node);
  });
  a.span(r.span);
  a.span(r.when_span);
}

template <typename A>
void fields(A& a, TestStep& s, int depth) {
  a.choice(s.kind, types::TestStepKind::kExpectThat);
  a.span(s.span);
  a.number(s.event);
  a.list(s.fields, [&](std::pair<uint32_t, NodeId>& field) {
    a.number(field.first);
    a.node(field.second);
  });
  a.number(s.rule);
  a.number(s.label);
  a.choice(s.verdict, Verdict::kBlock);
  a.node(s.value);
  a.number(s.slot);
  a.number(s.nanos);
  a.number(s.count);
  if constexpr (A::kReads) {
    if (depth > kMaxTestDepth) a.bytes().fail("a test is nested too deeply");
  }
  a.list(s.body, [&](TestStep& inner) { fields(a, inner, depth + 1); });
}

// Everything but the module, which comes before it.
template <typename A>
void fields(A& a, Program& p) {
  a.list(p.packages, [&](std::string& s) { a.text(s); });
  a.list(p.entities, [&](Entity& e) {
    a.text(e.name);
    a.choice(e.base, Kind::kParam);
  });
  a.list(p.lists, [&](List& l) {
    a.text(l.name);
    a.choice(l.kind, ListKind::kRegex);
    a.list(l.values, [&](std::string& v) { a.text(v); });
  });
  a.list(p.labels, [&](Label& l) {
    a.text(l.name);
    a.index(l.entity, p.entities.size());
    a.number(l.max_age_nanos);
  });
  a.list(p.actions, [&](Action& action) {
    a.text(action.name);
    a.list(action.params, [&](std::string& s) { a.text(s); });
  });
  a.list(p.features, [&](Feature& f) { fields(a, f); });
  a.list(p.rules, [&](Rule& r) { fields(a, r); });
  a.list(p.events, [&](Event& e) { fields(a, e, p); });
  a.list(p.tests, [&](Test& t) {
    a.text(t.title);
    a.span(t.span);
    a.number(t.slot_count);
    a.list(t.steps, [&](TestStep& s) { fields(a, s, 0); });
  });
}

void write_nodes(const Module& m, Out& out) {
  base::ByteWriter& bytes = out.bytes();
  bytes.varint(m.size());
  for (NodeId id = 0; id < m.size(); ++id) {
    const Node& n = m.node(id);
    bytes.u8(static_cast<uint8_t>(n.op));
    bytes.u8(n.flags & (kMayError | kMayMissing | kUsesEach));
    out.type(n.type);
    if (n.op == Op::kCall) bytes.varint(static_cast<uint64_t>(n.builtin));
    bytes.zigzag(n.index);
    bytes.varint(n.arg_count);
    for (NodeId arg : m.args(id)) bytes.varint(id - arg);
    const base::Span* span = m.span(id);
    out.flag(span != nullptr);
    if (span != nullptr) out.span(*span);
  }
}

}  // namespace

class BinaryReader {
 public:
  static void read_nodes(In& in, Module& m) {
    base::ByteReader& bytes = in.bytes();
    const size_t count = bytes.count(6);
    m.nodes_.reserve(count);
    m.args_.reserve(2 * count);
    m.spans_.reserve(count);
    std::vector<NodeId> args;
    for (size_t i = 0; i < count && bytes.ok(); ++i) {
      Op op = Op::kConst;
      in.choice(op, Op::kFail);
      const uint8_t flags = bytes.u8();
      const Type* type = nullptr;
      in.type(type);
      auto builtin = types::BuiltinId::kCount;
      if (op == Op::kCall) {
        uint32_t number = 0;
        in.index(number, types::kBuiltinCount);
        builtin = static_cast<types::BuiltinId>(number);
      }
      int32_t index = -1;
      in.number(index);
      args.resize(bytes.count(1));
      for (NodeId& arg : args) {
        const uint64_t back = bytes.varint();
        if (back == 0 || back > i) bytes.fail("an argument does not precede its node");
        arg = bytes.ok() ? static_cast<NodeId>(i - back) : 0;
      }
      const int arity = op_arity(op);
      if (arity >= 0 && args.size() != static_cast<size_t>(arity)) bytes.fail("a node has a wrong number of arguments");
      if (index < -1 || !in_bounds(m, op, index)) bytes.fail("a reference leads nowhere");
      if ((flags & ~(kMayError | kMayMissing | kUsesEach)) != 0) bytes.fail("a flag is unknown");
      if (!bytes.ok()) return;
      const NodeId id = m.append(m.make_node(op, type, args, index, builtin, flags), args);
      bool has_span = false;
      in.flag(has_span);
      base::Span span;
      if (has_span) in.span(span);
      if (has_span) m.set_span(id, span);
    }
    in.set_nodes(m.size());
  }

 private:
  static bool in_bounds(const Module& m, Op op, int32_t index) {
    const bool masked = op == Op::kMakeList || op == Op::kMakeMap;
    if (masked && index >= 0) return static_cast<size_t>(index) < m.masks.size();
    const int64_t bound = index_bound(m, op);
    return bound < 0 || (index >= 0 && index < bound);
  }
};

std::string ir_header(std::string_view body) {
  base::ByteWriter out;
  out.raw(kMagic.data(), kMagic.size());
  out.fixed64(vocabulary().lo);
  out.fixed64(vocabulary().hi);
  out.fixed64(XXH3_64bits(body.data(), body.size()));
  return out.take();
}

std::string serialize(const Program& program) {
  Out out;
  auto& p = const_cast<Program&>(program);  // `fields` of an Out changes nothing
  fields(out, p.module);
  write_nodes(program.module, out);
  fields(out, p);
  const std::string body = out.bytes().take();
  return ir_header(body) + body;
}

absl::StatusOr<Program> deserialize(std::string_view bytes, std::shared_ptr<base::SourceMap> sources) {
  if (!bytes.starts_with(kMagic) || bytes.size() < kIrHeaderBytes) return damaged("it does not begin as it should");
  base::ByteReader header(bytes.substr(kMagic.size(), kIrHeaderBytes - kMagic.size()));
  const uint64_t lo = header.fixed64(), hi = header.fixed64(), checksum = header.fixed64();
  if (Identity{lo, hi} != vocabulary()) return absl::UnimplementedError("the IR is of another version");
  bytes.remove_prefix(kIrHeaderBytes);
  if (XXH3_64bits(bytes.data(), bytes.size()) != checksum) return damaged("its checksum does not fit");
  Program p;
  p.types = std::make_shared<types::TypeTable>();
  p.sources = std::move(sources);
  In in(bytes, *p.types, *p.sources);
  fields(in, p.module);
  if (p.module.local_count > kMaxLocals) in.bytes().fail("there are too many locals");
  BinaryReader::read_nodes(in, p.module);
  if (in.bytes().ok()) fields(in, p);
  if (in.bytes().ok() && in.bytes().left() > 0) in.bytes().fail("something follows its end");
  if (!in.bytes().ok()) return damaged(in.bytes().failure());
  for (const Fold& f : p.module.folds)
    if (f.iter_local >= p.module.local_count || f.accu_local >= p.module.local_count ||
        (f.iter2_local != UINT32_MAX && f.iter2_local >= p.module.local_count))
      return damaged("a fold's local does not exist");
  if (!references_hold(p)) return damaged("a reference leads nowhere");
  for (Rule& r : p.rules) r.source = p.sources->text(r.when_span);
  p.module.plan_memos(p.roots());
  if (absl::Status status = verify(p); !status.ok()) {
    const absl::string_view why = status.message();
    return damaged({why.data(), why.size()});
  }
  return p;
}

}  // namespace weir::ir
