// Reads the text form that print.cc writes.
#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <map>

#include "compiler/ir/ir.h"

namespace weir::ir {

namespace {

class LineReader {
 public:
  LineReader(std::string_view line, size_t number) : rest_(line), number_(number) {}

  absl::Status error(std::string_view what) const {
    std::string text = fmt::format("IR text, line {}: {}", number_, what);
    return absl::InvalidArgumentError(absl::string_view(text.data(), text.size()));
  }
  bool done() {
    skip();
    return rest_.empty() || rest_.starts_with("//");
  }
  bool take(std::string_view token) {
    skip();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  // Up to the next space or one of the stops.
  std::string_view word(std::string_view stops = " ") {
    skip();
    std::string_view w = rest_.substr(0, rest_.find_first_of(stops));
    rest_.remove_prefix(w.size());
    return w;
  }
  template <typename T>
  bool number(T* out) {
    skip();
    auto [end, code] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), *out);
    if (code != std::errc()) return false;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return true;
  }
  bool hex_double(double* out) {
    std::string w(word());
    char* end = nullptr;
    *out = std::strtod(w.c_str(), &end);
    return !w.empty() && *end == '\0';
  }
  bool quoted(std::string* out) {
    if (!take("\"")) return false;
    out->clear();
    while (!rest_.empty() && rest_[0] != '"') {
      char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '\\' && !rest_.empty() && rest_[0] == 'x' && rest_.size() >= 3) {
        unsigned byte = 0;
        std::from_chars(rest_.data() + 1, rest_.data() + 3, byte, 16);
        c = static_cast<char>(byte);
        rest_.remove_prefix(3);
      } else if (c == '\\' && !rest_.empty()) {
        c = rest_[0] == 'n' ? '\n' : rest_[0] == 'r' ? '\r' : rest_[0] == 't' ? '\t' : rest_[0];
        rest_.remove_prefix(1);
      }
      *out += c;
    }
    return take("\"");
  }
  // A type's text ends where the flags begin.
  std::string_view type_text() {
    skip();
    size_t end = std::min({rest_.find(" !"), rest_.find(" @"), rest_.find("  //"), rest_.size()});
    std::string_view t = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return t;
  }

 private:
  void skip() {
    while (!rest_.empty() && rest_[0] == ' ') rest_.remove_prefix(1);
  }
  std::string_view rest_;
  size_t number_;
};

}  // namespace

// Nodes are added through the ordinary constructor, so the text cannot claim flags that the operations do not have.
class TextReader {
 public:
  TextReader(types::TypeTable& types, Module* module) : types_(types), m_(*module) {}

  absl::Status line(LineReader in) {
    if (in.done()) return absl::OkStatus();
    if (in.take("#")) return constant(in);
    if (in.take("%")) return node(in);
    if (in.take("name ")) {
      std::string text;
      if (!in.quoted(&text)) return in.error("expected a quoted name");
      m_.intern_string(text);
    } else if (in.take("mask ")) {
      std::vector<uint8_t> mask;
      for (char c : in.word()) mask.push_back(c == '1');
      m_.masks.push_back(std::move(mask));
    } else if (in.take("callee ")) {
      int style = 0;
      std::string function;
      if (!in.number(&style) || !in.quoted(&function)) return in.error("expected a style and a quoted function");
      m_.dyn_callees.push_back({function, static_cast<types::CallStyle>(style)});
    } else if (in.take("failure ")) {
      Failure f;
      if (!in.number(&f.code) || !in.quoted(&f.message)) return in.error("expected a code and a quoted message");
      m_.failures.push_back(std::move(f));
    } else if (in.take("fold ")) {
      Fold f;
      int32_t iter2 = 0;
      if (!in.number(&f.iter_local) || !in.number(&iter2) || !in.number(&f.accu_local))
        return in.error("expected three locals");
      f.iter2_local = static_cast<uint32_t>(iter2);
      if (f.iter_local >= kMaxLocals || f.accu_local >= kMaxLocals || (iter2 >= 0 && f.iter2_local >= kMaxLocals) ||
          iter2 < -1)
        return in.error("local out of range");
      if (!memos(in, &f.memos)) return in.error("expected memos");
      m_.folds.push_back(std::move(f));
    } else if (in.take("memos ")) {
      if (!in.number(&m_.memo_count) || !in.take("locals") || !in.number(&m_.local_count) || !memos(in, &m_.each_memos))
        return in.error("expected `memos N locals N`");
      if (m_.local_count > kMaxLocals) return in.error("too many locals");
    } else {
      return in.error("unknown line");
    }
    return in.done() ? absl::OkStatus() : in.error("text after the end of the line's form");
  }

 private:
  bool memos(LineReader& in, std::vector<uint32_t>* out) {
    while (in.take("@")) {
      uint32_t memo = 0;
      if (!in.number(&memo)) return false;
      out->push_back(memo);
    }
    return true;
  }

  absl::Status constant(LineReader& in) {
    uint32_t id = 0;
    if (!in.number(&id) || !in.take("=")) return in.error("expected `#N =`");
    static const std::map<std::string_view, ConstantKind> kKinds = {{"null", ConstantKind::kNull},
                                                                    {"bool", ConstantKind::kBool},
                                                                    {"int", ConstantKind::kInt},
                                                                    {"uint", ConstantKind::kUint},
                                                                    {"double", ConstantKind::kDouble},
                                                                    {"string", ConstantKind::kString},
                                                                    {"bytes", ConstantKind::kBytes},
                                                                    {"type", ConstantKind::kType},
                                                                    {"timestamp", ConstantKind::kTimestamp},
                                                                    {"duration", ConstantKind::kDuration},
                                                                    {"list", ConstantKind::kList},
                                                                    {"map", ConstantKind::kMap}};
    auto kind = kKinds.find(in.word());
    if (kind == kKinds.end()) return in.error("unknown kind of constant");
    Constant c;
    c.kind = kind->second;
    bool ok = true;
    switch (c.kind) {
      case ConstantKind::kNull:
        break;
      case ConstantKind::kBool:
      case ConstantKind::kInt:
        ok = in.number(&c.i);
        break;
      case ConstantKind::kUint:
        ok = in.number(&c.u);
        break;
      case ConstantKind::kDouble:
        ok = in.hex_double(&c.d);
        break;
      case ConstantKind::kString:
      case ConstantKind::kBytes:
      case ConstantKind::kType:
        ok = in.quoted(&c.s);
        break;
      case ConstantKind::kTimestamp:
      case ConstantKind::kDuration:
        ok = in.number(&c.i) && in.number(&c.u);
        break;
      case ConstantKind::kList:
      case ConstantKind::kMap:
        while (ok && in.take("#")) {
          uint32_t item = 0;
          ok = in.number(&item) && item < m_.constants.size();
          c.items.push_back(item);
        }
        break;
    }
    if (!ok || !in.done()) return in.error("malformed constant");
    return m_.intern(std::move(c)) == id ? absl::OkStatus()
                                         : in.error("constants must be numbered in order and distinct");
  }

  absl::Status node(LineReader& in) {
    NodeId id = 0;
    if (!in.number(&id) || !in.take("=")) return in.error("expected `%N =`");
    std::string_view name = in.word();
    int op = 0;
    while (op <= static_cast<int>(Op::kFail) && op_name(static_cast<Op>(op)) != name) ++op;
    if (op > static_cast<int>(Op::kFail)) return in.error(fmt::format("unknown operation `{}`", name));

    types::BuiltinId builtin = types::BuiltinId::kCount;
    if (static_cast<Op>(op) == Op::kCall) {
      std::string_view function = in.word();
      for (size_t b = 0; b < types::kBuiltinCount; ++b)
        if (types::builtin_info(static_cast<types::BuiltinId>(b)).id_name == function)
          builtin = static_cast<types::BuiltinId>(b);
      if (builtin == types::BuiltinId::kCount) return in.error(fmt::format("unknown builtin `{}`", function));
    }
    int32_t index = -1;
    if (in.take("[") && (!in.number(&index) || !in.take("]"))) return in.error("expected `[N]`");
    std::vector<NodeId> args;
    if (in.take("(")) {
      do {
        NodeId arg = 0;
        if (!in.take("%") || !in.number(&arg) || arg >= m_.size()) return in.error("expected an earlier node");
        args.push_back(arg);
      } while (in.take(","));
      if (!in.take(")")) return in.error("expected `)`");
    }
    if (!in.take(":")) return in.error("expected `: type`");
    const types::Type* type = types_.parse(in.type_text());
    if (type == nullptr) return in.error("malformed type");
    uint8_t flags = 0;
    while (in.take("!")) {
      std::string_view flag = in.word();
      if (flag == "error")
        flags |= kMayError;
      else if (flag == "missing")
        flags |= kMayMissing;
      else if (flag == "each")
        flags |= kUsesEach;
      else
        return in.error(fmt::format("unknown flag `{}`", flag));
    }
    int arity = op_arity(static_cast<Op>(op));
    if (arity >= 0 && args.size() != static_cast<size_t>(arity)) return in.error("wrong number of arguments");
    int64_t bound = index_bound(m_, static_cast<Op>(op));
    if (bound >= 0 && (index < 0 || index >= bound)) return in.error("index out of range");
    if (m_.add(static_cast<Op>(op), type, args, index, builtin, flags) != id)
      return in.error("nodes must be numbered in order and distinct");
    if (in.take("@") && !in.number(&m_.nodes_.back().memo)) return in.error("expected a memo");
    return in.done() ? absl::OkStatus() : in.error("text after the node");
  }

  types::TypeTable& types_;
  Module& m_;
};

absl::Status parse(std::string_view text, types::TypeTable& types, Module* module) {
  TextReader reader(types, module);
  size_t number = 0;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    absl::Status status = reader.line(LineReader(text.substr(0, end), ++number));
    if (!status.ok()) return status;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return absl::OkStatus();
}

}  // namespace weir::ir
