#include "embed-api/src/arrow_result.h"

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace weir::embed {
namespace {

// A structure of Arrow's that is released unless it is taken.
template <typename Item>
class Handle {
 public:
  explicit Handle(Item item) : item_(item) {}
  Handle(Handle&& other) noexcept : item_(other.take()) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (item_.release != nullptr) item_.release(&item_);
  }
  Item take() {
    Item out = item_;
    item_.release = nullptr;
    return out;
  }

 private:
  Item item_;
};

// What a structure points to. Children may be moved away and released by themselves, so each stands alone.
template <typename Item, typename Parts>
struct Owner {
  Parts parts;
  std::vector<Item> children;
  std::vector<Item*> pointers;

  ~Owner() {
    for (Item& child : children)
      if (child.release != nullptr) child.release(&child);
  }
};

template <typename Item, typename Parts>
void release(Item* item) {
  delete static_cast<Owner<Item, Parts>*>(item->private_data);
  item->release = nullptr;
}

// `parts` are where they stay: `point` makes the structure point to them.
template <typename Item, typename Parts, typename Point>
Handle<Item> make(Parts parts, Point point, std::vector<Handle<Item>> children) {
  auto owner = std::make_unique<Owner<Item, Parts>>();
  owner->parts = std::move(parts);
  owner->children.reserve(children.size());
  for (Handle<Item>& child : children) owner->children.push_back(child.take());
  for (Item& child : owner->children) owner->pointers.push_back(&child);
  Item out = {};
  point(owner->parts, &out);
  out.n_children = static_cast<int64_t>(owner->children.size());
  out.children = owner->pointers.data();
  out.release = release<Item, Parts>;
  out.private_data = owner.release();
  return Handle<Item>(out);
}

template <typename Item, typename... Items>
std::vector<Handle<Item>> list_of(Handle<Item> first, Items... others) {
  std::vector<Handle<Item>> out;
  out.reserve(1 + sizeof...(others));
  out.push_back(std::move(first));
  (out.push_back(std::move(others)), ...);
  return out;
}

struct SchemaParts {
  std::string format, name;
};
using Types = std::vector<Handle<ArrowSchema>>;

Handle<ArrowSchema> make_schema(const char* format, const char* name, Types children = {}) {
  const auto point = [](const SchemaParts& parts, ArrowSchema* out) {
    out->format = parts.format.c_str();
    out->name = parts.name.c_str();
  };
  return make<ArrowSchema>(SchemaParts{format, name}, point, std::move(children));
}

struct ArrayParts {
  std::shared_ptr<const ArrowResult> data;
  std::vector<const void*> buffers;
};
using Columns = std::vector<Handle<ArrowArray>>;

Handle<ArrowArray> make_array(const std::shared_ptr<const ArrowResult>& data, size_t length,
                              std::vector<const void*> buffers, Columns children = {}) {
  const auto point = [length](ArrayParts& parts, ArrowArray* out) {
    out->length = static_cast<int64_t>(length);
    out->n_buffers = static_cast<int64_t>(parts.buffers.size());
    out->buffers = parts.buffers.data();
  };
  return make<ArrowArray>(ArrayParts{data, std::move(buffers)}, point, std::move(children));
}

void append_bit(size_t at, bool bit, std::vector<uint8_t>* bits) {
  if (at % 8 == 0) bits->push_back(0);
  bits->back() = static_cast<uint8_t>(bits->back() | (bit ? 1 << (at % 8) : 0));
}

}  // namespace

void ArrowResult::add(const engine::EventResult& result) {
  const size_t event = verdicts_.size();
  verdicts_.push_back(static_cast<uint8_t>(result.verdict));
  shadow_verdicts_.push_back(static_cast<uint8_t>(result.shadow_verdict));
  scores_.push_back(result.score);
  shadow_scores_.push_back(result.shadow_score);
  append_bit(event, result.duplicate, &duplicates_);
  append_bit(event, result.expired, &expired_);
  for (const engine::Hit& hit : result.hits) {
    rules_.push_back(hit.rule);
    outcomes_.push_back(static_cast<uint8_t>(hit.outcome));
  }
  if (rules_.size() > INT32_MAX) throw std::length_error("a batch has more than 2^31 hits");
  first_hit_.push_back(static_cast<int32_t>(rules_.size()));
}

void ArrowResult::move_to(ArrowSchema* schema, ArrowArray* array) {
  const auto data = std::make_shared<ArrowResult>(std::move(*this));
  const size_t events = data->verdicts_.size(), hits = data->rules_.size();
  const auto column = [&](size_t length, const void* values) { return make_array(data, length, {nullptr, values}); };
  Types types = list_of(make_schema("C", "verdict"), make_schema("C", "shadow_verdict"), make_schema("g", "score"),
                        make_schema("g", "shadow_score"), make_schema("b", "duplicate"));
  types.push_back(
      make_schema("+l", "hits",
                  list_of(make_schema("+s", "item", list_of(make_schema("I", "rule"), make_schema("C", "outcome"))))));
  Columns columns = list_of(column(events, data->verdicts_.data()), column(events, data->shadow_verdicts_.data()),
                            column(events, data->scores_.data()), column(events, data->shadow_scores_.data()),
                            column(events, data->duplicates_.data()));
  columns.push_back(make_array(
      data, events, {nullptr, data->first_hit_.data()},
      list_of(make_array(data, hits, {nullptr},
                         list_of(column(hits, data->rules_.data()), column(hits, data->outcomes_.data()))))));
  if (data->timed_) {
    types.push_back(make_schema("b", "expired"));
    columns.push_back(column(events, data->expired_.data()));
  }
  Handle<ArrowSchema> type = make_schema("+s", "", std::move(types));
  Handle<ArrowArray> values = make_array(data, events, {nullptr}, std::move(columns));
  *array = values.take();
  *schema = type.take();
}

}  // namespace weir::embed
