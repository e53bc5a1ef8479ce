#include "runtime/io/json_decoder.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>
#include <cstring>
#include <new>

#include "absl/strings/charconv.h"
#include "compiler/types/schema.h"
#include "runtime/io/scalar.h"
#include "runtime/value/operations.h"

namespace weir::io {
namespace {

// simdjson chooses its kernels at first use, and ends the process if memory has run out there; at load it has not.
[[maybe_unused]] const std::string kKernels = simdjson::get_active_implementation()->name();

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;
using value::Value;

constexpr int kMaxDepth = 64;

// JSON's own grammar for a number; on-demand parsing looks at values only, so text that nobody reads is checked here.
bool is_json_number(std::string_view t) {
  size_t i = 0;
  auto digits = [&] {
    size_t begin = i;
    while (i < t.size() && t[i] >= '0' && t[i] <= '9') ++i;
    return i > begin;
  };
  if (i < t.size() && t[i] == '-') ++i;
  if (i < t.size() && t[i] == '0') {
    ++i;
  } else if (!digits()) {
    return false;
  }
  if (i < t.size() && t[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < t.size() && (t[i] == 'e' || t[i] == 'E')) {
    ++i;
    if (i < t.size() && (t[i] == '+' || t[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == t.size();
}

std::string_view trim(std::string_view t) {
  while (!t.empty() && static_cast<unsigned char>(t.back()) <= ' ') t.remove_suffix(1);
  return t;
}

// Whether the text looks like another JSON value than an object; for the message only.
bool is_json_start(std::string_view t) {
  return t.find_first_of("[\"-0123456789") == t.find_first_not_of(" \t\r") || t == "null" || t == "true" ||
         t == "false";
}

}  // namespace

struct JsonDecoder::Impl {
  explicit Impl(const DecodePlan& p) : plan(p) {
    ctx.arena = nullptr;
    for (size_t i = 0; i < plan.events.size(); ++i) by_type[plan.events[i].type_value] = i;
  }

  bool fail(RejectCause cause, std::string message) {
    reject->cause = cause;
    reject->message = std::move(message);
    return false;
  }
  bool no_room() { return fail(RejectCause::kLineTooLong, "the record's text exceeds the batch's memory"); }
  // What simdjson says of the text as a whole.
  bool fail(error_code code) {
    switch (code) {
      case simdjson::MEMALLOC:  // simdjson reports what everything else here throws
        throw std::bad_alloc();
      case simdjson::UTF8_ERROR:
        return fail(RejectCause::kInvalidUtf8, "the line is not valid UTF-8");
      case simdjson::DEPTH_ERROR:
        return fail(RejectCause::kNotJson, "nested too deeply");
      case simdjson::EMPTY:
        return fail(RejectCause::kNotJson, "the line is empty");
      case simdjson::STRING_ERROR:
        return fail(RejectCause::kNotJson, "malformed escape in a string");
      case simdjson::UNCLOSED_STRING:
        return fail(RejectCause::kNotJson, "unclosed string");
      case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
        return fail(RejectCause::kNotJson, "unclosed object or array");
      default:
        return fail(RejectCause::kNotJson, "the line is not valid JSON");
    }
  }

  // What stands between the quotes of a string's token, if that is its text. Texts without escapes are whole: simdjson
  // has looked for control characters and malformed UTF-8 when it looked for quotes.
  static bool is_plain(std::string_view token, std::string_view* text) {
    if (std::memchr(token.data(), '\\', token.size()) != nullptr) return false;
    *text = token.substr(1, token.rfind('"') - 1);
    return true;
  }

  bool read_string(ondemand::value v, std::string_view* out) {
    ondemand::raw_json_string raw;
    std::string_view token = v.raw_json_token();
    if (error_code e = v.get_raw_json_string().get(raw); e) return fail(e);
    if (is_plain(token, out)) {
      const char* copy = target->arena->copy(*out);
      if (copy == nullptr) return no_room();
      *out = {copy, out->size()};
      return true;
    }
    // Unescaping writes no more than the token is long, in blocks that may run over by the padding.
    auto* buffer = static_cast<uint8_t*>(target->arena->allocate(token.size() + kPadding));
    if (buffer == nullptr) return no_room();
    uint8_t* end = buffer;
    if (error_code e = parser.unescape(raw, end).get(*out); e) return fail(e);
    return true;
  }

  // False with the reject filled if the text is malformed. Containers leave kind untouched and *container set.
  bool read_scalar(ondemand::value v, Scalar* s) {
    ondemand::json_type type;
    if (error_code e = v.type().get(type); e) return fail(e);
    switch (type) {
      case ondemand::json_type::string:
        s->kind = ScalarKind::kString;
        return read_string(v, &s->text);
      case ondemand::json_type::boolean: {
        s->kind = ScalarKind::kBool;
        if (error_code e = v.get_bool().get(s->b); e) return fail(e);
        return true;
      }
      case ondemand::json_type::null: {
        s->kind = ScalarKind::kNull;
        bool null = false;
        if (error_code e = v.is_null().get(null); e) return fail(e);
        return null || fail(RejectCause::kNotJson, "the line is not valid JSON");
      }
      default:
        return read_number(v, s);
    }
  }

  bool read_number(ondemand::value v, Scalar* s) {
    std::string_view token = trim(v.raw_json_token());
    ondemand::number number;
    error_code e = v.get_number().get(number);
    if (!e) {
      switch (number.get_number_type()) {
        case ondemand::number_type::signed_integer:
          s->kind = ScalarKind::kInt;
          s->i = number.get_int64();
          return true;
        case ondemand::number_type::unsigned_integer:
          s->kind = ScalarKind::kUint;
          s->u = number.get_uint64();
          return true;
        default:
          s->kind = ScalarKind::kDouble;
          s->d = number.get_double();
          return true;
      }
    }
    if (!is_json_number(token)) return fail(RejectCause::kNotJson, "the line is not valid JSON");
    s->kind = ScalarKind::kBigNumber;
    auto r = absl::from_chars(token.data(), token.data() + token.size(), s->d);
    if (r.ec != std::errc() && std::abs(s->d) > 1) s->d = std::copysign(INFINITY, s->d);
    const char* copy = target->arena->copy(token);
    if (copy == nullptr) return no_room();
    s->text = {copy, token.size()};
    return true;
  }

  // Any value nobody wants: checked and dropped.
  bool skip(ondemand::value v, int depth) {
    if (depth > kMaxDepth) return fail(RejectCause::kNotJson, "nested too deeply");
    ondemand::json_type type;
    if (error_code e = v.type().get(type); e) return fail(e);
    switch (type) {
      case ondemand::json_type::array: {
        ondemand::array array;
        if (error_code e = v.get_array().get(array); e) return fail(e);
        for (auto item : array) {
          ondemand::value child;
          if (error_code e = item.get(child); e) return fail(e);
          if (!skip(child, depth + 1)) return false;
        }
        return true;
      }
      case ondemand::json_type::object: {
        ondemand::object object;
        if (error_code e = v.get_object().get(object); e) return fail(e);
        for (auto item : object) {
          ondemand::field field;
          if (error_code e = std::move(item).get(field); e) return fail(e);
          if (!skip(field.value(), depth + 1)) return false;
        }
        return true;
      }
      case ondemand::json_type::string: {
        std::string_view text;
        ondemand::raw_json_string raw;
        const std::string_view token = v.raw_json_token();
        if (error_code e = v.get_raw_json_string().get(raw); e) return fail(e);
        if (is_plain(token, &text)) return true;
        if (error_code e = unescape(raw, token.size(), &text); e) return fail(e);
        return true;
      }
      default: {
        Scalar ignored;
        return read_scalar(v, &ignored);
      }
    }
  }

  bool problem(const Problem& p) { return fail(p.cause, p.message); }

  bool expected(const types::Type* type, std::string_view found) {
    return fail(RejectCause::kWrongType, fmt::format("expected {}, found {}", types::to_string(type), found));
  }

  // Any value for a field of type `type` (entities erased).
  bool read_value(ondemand::value v, const types::Type* type, const FieldPlan& field, int depth, Value* out) {
    if (depth > kMaxDepth) return fail(RejectCause::kNotJson, "nested too deeply");
    ondemand::json_type json;
    if (error_code e = v.type().get(json); e) return fail(e);
    if (json == ondemand::json_type::array) return read_array(v, type, field, depth, out);
    if (json == ondemand::json_type::object) return read_object(v, type, field, depth, out);
    Scalar s;
    Problem p;
    if (!read_scalar(v, &s)) return false;
    return convert(s, type, field, *target->arena, out, &p) || problem(p);
  }

  // Items are gathered on a stack shared by all depths, then copied to the arena: the number of them is not known
  // before.
  bool read_array(ondemand::value v, const types::Type* type, const FieldPlan& field, int depth, Value* out) {
    bool dyn = type->is(types::Kind::kDyn);
    if (!dyn && !type->is(types::Kind::kList)) return skip(v, depth) && expected(type, "an array");
    const types::Type* element = dyn ? type : type->arg(0)->base();
    ondemand::array array;
    if (error_code e = v.get_array().get(array); e) return fail(e);
    size_t base = stack.size();
    for (auto item : array) {
      ondemand::value child;
      if (error_code e = item.get(child); e) return fail(e);
      Value value;
      if (!read_value(child, element, field, depth + 1, &value)) return false;
      stack.push_back(value);
    }
    auto count = static_cast<uint32_t>(stack.size() - base);
    auto* list = target->arena->allocate_array<value::ListRep>(1);
    auto* items = target->arena->allocate_array<Value>(count);
    if (list == nullptr || items == nullptr)
      return fail(RejectCause::kLineTooLong, "the record exceeds the batch's memory");
    std::copy(stack.begin() + static_cast<std::ptrdiff_t>(base), stack.end(), items);
    stack.resize(base);
    *list = {};
    list->size = list->capacity = count;
    list->items = items;
    *out = Value::of(list);
    return true;
  }

  bool read_object(ondemand::value v, const types::Type* type, const FieldPlan& field, int depth, Value* out) {
    bool dyn = type->is(types::Kind::kDyn);
    if (!dyn && !(type->is(types::Kind::kMap) && type->arg(0)->base()->is(types::Kind::kString)))
      return skip(v, depth) && expected(type, "an object");
    const types::Type* element = dyn ? type : type->arg(1)->base();
    ondemand::object object;
    if (error_code e = v.get_object().get(object); e) return fail(e);
    size_t base = stack.size();
    for (auto item : object) {
      ondemand::field entry;
      if (error_code e = std::move(item).get(entry); e) return fail(e);
      std::string_view key;
      if (error_code e = read_key(entry, &key); e) return fail(e);
      const char* copy = target->arena->copy(key);
      if (copy == nullptr) return fail(RejectCause::kLineTooLong, "the record exceeds the batch's memory");
      Value value;
      if (!read_value(entry.value(), element, field, depth + 1, &value)) return false;
      stack.push_back(Value::string({copy, key.size()}));
      stack.push_back(value);
    }
    ctx.arena = target->arena;
    ctx.steps = INT64_MAX;
    *out = value::make_map(ctx, stack.data() + base, static_cast<uint32_t>((stack.size() - base) / 2), nullptr);
    stack.resize(base);
    return out->ok() || fail(RejectCause::kWrongType, "an object has one key twice");
  }

  // One key's value into all that read it.
  bool assign(ondemand::value v, const EventPlan& event, const std::vector<uint16_t>& targets, int depth) {
    ondemand::json_type json;
    if (error_code e = v.type().get(json); e) return fail(e);
    if (json == ondemand::json_type::array || json == ondemand::json_type::object) {
      for (uint16_t t : targets) {
        if (t >= event.fields.size()) continue;
        const FieldPlan& field = event.fields[t];
        reject->field = field.name;
        Value value;
        if (!read_value(v, field.type, field, depth, &value)) return false;
        for (uint16_t other : targets) {
          if (other >= event.fields.size()) continue;
          reject->field = event.fields[other].name;
          if (event.fields[other].type != field.type) return expected(event.fields[other].type, "an array or object");
          slot(other) = value;
        }
        reject->field.clear();
        return true;
      }
      return skip(v, depth);  // extras hold scalars
    }
    Scalar s;
    if (!read_scalar(v, &s)) {
      if (targets.front() < event.fields.size()) reject->field = event.fields[targets.front()].name;
      return false;
    }
    for (uint16_t t : targets) {
      if (t >= event.fields.size()) {
        (*target->slots)[target->extras + t - event.fields.size()] = as_is(s);
        continue;
      }
      const FieldPlan& field = event.fields[t];
      slot(t) = Value::missing();
      if (s.kind == ScalarKind::kNull) continue;
      // Ids are names, whatever they look like: whole numbers are taken as text.
      if (t == types::EventSchema::kIdSlot && (s.kind == ScalarKind::kInt || s.kind == ScalarKind::kUint)) {
        char digits[24];
        char* end = s.kind == ScalarKind::kInt ? fmt::format_to(digits, "{}", s.i) : fmt::format_to(digits, "{}", s.u);
        std::string_view text(digits, static_cast<size_t>(end - digits));
        const char* copy = target->arena->copy(text);
        if (copy == nullptr) return no_room();
        slot(t) = Value::string({copy, text.size()});
        continue;
      }
      Problem p;
      if (!convert(s, field.type, field, *target->arena, &slot(t), &p)) {
        reject->field = field.name;
        return problem(p);
      }
    }
    return true;
  }

  Value& slot(size_t i) { return (*target->slots)[target->row + i]; }

  // simdjson has found the quote that ends it.
  error_code read_key(ondemand::field& entry, std::string_view* key) {
    const char* begin = entry.key().raw();
    const char* end = begin;
    bool plain = true;
    for (; *end != '"'; ++end) {
      if (*end != '\\') continue;
      plain = false;
      ++end;
    }
    *key = {begin, static_cast<size_t>(end - begin)};
    return plain ? simdjson::SUCCESS : unescape(entry.key(), key->size(), key);
  }

  // To a buffer of our own: simdjson 3.0 does not look whether it got memory for its own. Valid until the next call.
  error_code unescape(ondemand::raw_json_string raw, size_t longest, std::string_view* out) {
    if (unescaped.size() < longest + kPadding) unescaped.resize(longest + kPadding);
    uint8_t* end = unescaped.data();
    return parser.unescape(raw, end).get(*out);
  }

  bool walk(ondemand::object object, const EventPlan& event, const KeyNode& node, int depth) {
    size_t hint = 0;
    for (auto item : object) {
      ondemand::field entry;
      if (error_code e = std::move(item).get(entry); e) return fail(e);
      std::string_view key;
      if (error_code e = read_key(entry, &key); e) return fail(e);
      const KeyNode* child = node.find(key, &hint);
      if (child == nullptr) {
        if (!skip(entry.value(), depth)) return false;
        continue;
      }
      ondemand::value v = entry.value();
      ondemand::json_type json;
      if (error_code e = v.type().get(json); e) return fail(e);
      if (!child->children.empty() && json == ondemand::json_type::object) {
        ondemand::object inner;
        if (error_code e = v.get_object().get(inner); e) return fail(e);
        if (!walk(inner, event, *child, depth + 1)) return false;
        continue;
      }
      if (child->targets.empty() ? !skip(v, depth) : !assign(v, event, child->targets, depth)) return false;
    }
    return true;
  }

  // The record's event by its type key.
  const EventPlan* find_event(ondemand::document& doc) {
    if (plan.type_path.empty()) return &plan.events.front();
    ondemand::object object;
    if (error_code e = doc.get_object().get(object); e) {
      fail(e);
      return nullptr;
    }
    std::string_view path = plan.type_path, found;
    error_code e = simdjson::SUCCESS;
    while (!e) {
      size_t dot = path.find('.');
      if (dot == std::string_view::npos) {
        ondemand::value value;
        ondemand::raw_json_string raw;
        e = object[path].get(value);
        const size_t longest = e ? 0 : value.raw_json_token().size();
        if (!e) e = value.get_raw_json_string().get(raw);
        if (!e) e = unescape(raw, longest, &found);
        break;
      }
      ondemand::object inner;
      e = object[path.substr(0, dot)].get_object().get(inner);
      object = inner;
      path.remove_prefix(dot + 1);
    }
    if (e) {
      if (e == simdjson::NO_SUCH_FIELD || e == simdjson::INCORRECT_TYPE) {
        fail(RejectCause::kUnknownEventType,
             fmt::format("the record has no text at `{}`, which tells its event", plan.type_path));
      } else {
        fail(e);
      }
      return nullptr;
    }
    type_value.assign(found);
    doc.rewind();
    auto it = by_type.find(type_value);
    if (it != by_type.end()) return &plan.events[it->second];
    fail(RejectCause::kUnknownEventType,
         fmt::format("no event is mapped to {} `{}`", plan.type_path, type_value.substr(0, 40)));
    return nullptr;
  }

  bool decode(std::string_view text) {
    ondemand::document doc;
    simdjson::padded_string_view padded(text.data(), text.size(), text.size() + kPadding);
    if (error_code e = parser.iterate(padded).get(doc); e) return fail(e);
    if (text.find_first_not_of(" \t\r") != text.find('{'))
      return fail(RejectCause::kNotJson,
                  is_json_start(text) ? "the line is JSON but not an object" : "the line is not valid JSON");
    const EventPlan* event = find_event(doc);
    if (event == nullptr) return false;
    start_row(*event, plan, target);
    ondemand::object object;
    if (error_code e = doc.get_object().get(object); e) return fail(e);
    stack.clear();
    if (!walk(object, *event, event->keys, 0)) return false;
    const char* location = nullptr;
    if (doc.current_location().get(location) != simdjson::OUT_OF_BOUNDS)
      return fail(RejectCause::kNotJson, "something follows the object on its line");
    return finish_row(*event, target, reject);
  }

  const DecodePlan& plan;
  std::unordered_map<std::string, size_t> by_type;
  ondemand::parser parser;
  value::EvalContext ctx;
  std::vector<Value> stack;
  std::vector<uint8_t> unescaped;
  std::string type_value;
  RowTarget* target = nullptr;
  Reject* reject = nullptr;
};

JsonDecoder::JsonDecoder(const DecodePlan& plan) : impl_(std::make_unique<Impl>(plan)) {}
JsonDecoder::~JsonDecoder() = default;

bool JsonDecoder::decode(std::string_view text, RowTarget* target, Reject* reject) {
  impl_->target = target;
  impl_->reject = reject;
  reject->field.clear();
  const bool decoded = impl_->decode(text);
  if (target->arena->starved()) throw std::bad_alloc();  // the record is not at fault
  return decoded;
}

}  // namespace weir::io
