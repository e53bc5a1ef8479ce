#include "compiler/types/type.h"

#include <iterator>
#include <utility>

namespace weir::types {
namespace {

struct NamedKind {
  std::string_view name;
  Kind kind;
};
constexpr NamedKind kPrimitives[] = {
    {"error", Kind::kError},         {"dyn", Kind::kDyn},           {"null", Kind::kNull},
    {"bool", Kind::kBool},           {"int", Kind::kInt},           {"uint", Kind::kUint},
    {"double", Kind::kDouble},       {"string", Kind::kString},     {"bytes", Kind::kBytes},
    {"timestamp", Kind::kTimestamp}, {"duration", Kind::kDuration}, {"type", Kind::kType},
};

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

// Recursive descent over `name` or `name<type, ...>`.
class TypeReader {
 public:
  TypeReader(TypeTable& table, std::string_view text) : table_(table), text_(text) {}

  const Type* read_all() {
    const Type* type = read(0);
    skip_spaces();
    return at_ == text_.size() ? type : nullptr;
  }

 private:
  static constexpr int kMaxDepth = 64;

  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(char c) {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  const Type* read(int depth) {
    if (depth > kMaxDepth) return nullptr;
    skip_spaces();
    size_t begin = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    std::string_view name = text_.substr(begin, at_ - begin);
    if (name.empty()) return nullptr;
    std::vector<const Type*> args;
    if (take('<')) {
      do {
        const Type* arg = read(depth + 1);
        if (arg == nullptr) return nullptr;
        args.push_back(arg);
      } while (take(','));
      if (!take('>')) return nullptr;
    }
    return make(name, std::move(args));
  }

  const Type* make(std::string_view name, std::vector<const Type*> args) {
    if (name == "list") return args.size() == 1 ? table_.list(args[0]) : nullptr;
    if (name == "map") return args.size() == 2 ? table_.map(args[0], args[1]) : nullptr;
    if (name == "optional") return args.size() == 1 ? table_.optional(args[0]) : nullptr;
    if (name == "type" && args.size() == 1) return table_.type_of(args[0]);
    for (const NamedKind& primitive : kPrimitives)
      if (name == primitive.name) return args.empty() ? table_.primitive(primitive.kind) : nullptr;
    if (name.size() == 1 && name[0] >= 'A' && name[0] <= 'Z') return args.empty() ? table_.param(name) : nullptr;
    if (name.find('.') != std::string_view::npos) return table_.abstract(name, std::move(args));
    return nullptr;
  }

  TypeTable& table_;
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

TypeTable::TypeTable() {
  static_assert(std::size(kPrimitives) == std::extent_v<decltype(primitives_)>);
  for (const NamedKind& primitive : kPrimitives) {
    primitives_[static_cast<size_t>(primitive.kind)] = intern(primitive.kind, {}, {});
  }
}

const Type* TypeTable::intern(Kind kind, std::string_view name, std::vector<const Type*> args) {
  std::lock_guard lock(mutex_);
  Key key(kind, std::string(name), std::move(args));
  auto found = interned_.find(key);
  if (found != interned_.end()) return found->second;
  Type& type = storage_.emplace_back();
  type.kind_ = kind;
  type.name_ = std::get<1>(key);
  type.args_ = std::get<2>(key);
  interned_.emplace(std::move(key), &type);
  return &type;
}

const Type* TypeTable::list(const Type* element) { return intern(Kind::kList, {}, {element}); }
const Type* TypeTable::map(const Type* key, const Type* value) { return intern(Kind::kMap, {}, {key, value}); }
const Type* TypeTable::optional(const Type* value) { return intern(Kind::kOptional, {}, {value}); }
const Type* TypeTable::type_of(const Type* value) { return intern(Kind::kType, {}, {value}); }
const Type* TypeTable::entity(std::string_view name, const Type* base) { return intern(Kind::kEntity, name, {base}); }
const Type* TypeTable::abstract(std::string_view name, std::vector<const Type*> args) {
  return intern(Kind::kAbstract, name, std::move(args));
}
const Type* TypeTable::param(std::string_view name) { return intern(Kind::kParam, name, {}); }

const Type* TypeTable::parse(std::string_view text) { return TypeReader(*this, text).read_all(); }

std::string to_string(const Type* type) {
  if (type == nullptr) return "?";
  std::string out;
  switch (type->kind()) {
    case Kind::kEntity:
      return type->name();
    case Kind::kParam:
      return type->name();
    case Kind::kAbstract:
      out = type->name();
      break;
    case Kind::kList:
      out = "list";
      break;
    case Kind::kMap:
      out = "map";
      break;
    case Kind::kOptional:
      out = "optional";
      break;
    default:
      out = kPrimitives[static_cast<size_t>(type->kind())].name;
  }
  if (type->args().empty()) return out;
  out += '<';
  for (size_t i = 0; i < type->args().size(); ++i) {
    if (i > 0) out += ", ";
    out += to_string(type->arg(i));
  }
  return out + '>';
}

}  // namespace weir::types
