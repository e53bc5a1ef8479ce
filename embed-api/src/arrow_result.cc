#include "embed-api/src/arrow_result.h"

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace weir::embed {
namespace {

// A type as it is handed out. Children may be moved away and released by themselves, so each stands alone.
struct SchemaOwner {
  std::string format, name;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;
};

void release_schema(ArrowSchema* schema) {
  auto* owner = static_cast<SchemaOwner*>(schema->private_data);
  for (ArrowSchema& child : owner->children)
    if (child.release != nullptr) child.release(&child);
  delete owner;
  schema->release = nullptr;
}

ArrowSchema make_schema(const char* format, const char* name, std::vector<ArrowSchema> children = {}) {
  auto owner = std::make_unique<SchemaOwner>();
  owner->format = format;
  owner->name = name;
  owner->children = std::move(children);
  for (ArrowSchema& child : owner->children) owner->pointers.push_back(&child);
  ArrowSchema out = {};
  out.format = owner->format.c_str();
  out.name = owner->name.c_str();
  out.n_children = static_cast<int64_t>(owner->children.size());
  out.children = owner->pointers.data();
  out.release = release_schema;
  out.private_data = owner.release();
  return out;
}

struct ArrayOwner {
  std::shared_ptr<const ArrowResult> data;
  std::vector<const void*> buffers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
};

void release_array(ArrowArray* array) {
  auto* owner = static_cast<ArrayOwner*>(array->private_data);
  for (ArrowArray& child : owner->children)
    if (child.release != nullptr) child.release(&child);
  delete owner;
  array->release = nullptr;
}

ArrowArray make_array(const std::shared_ptr<const ArrowResult>& data, size_t length, std::vector<const void*> buffers,
                      std::vector<ArrowArray> children = {}) {
  auto owner = std::make_unique<ArrayOwner>();
  owner->data = data;
  owner->buffers = std::move(buffers);
  owner->children = std::move(children);
  for (ArrowArray& child : owner->children) owner->pointers.push_back(&child);
  ArrowArray out = {};
  out.length = static_cast<int64_t>(length);
  out.n_buffers = static_cast<int64_t>(owner->buffers.size());
  out.buffers = owner->buffers.data();
  out.n_children = static_cast<int64_t>(owner->children.size());
  out.children = owner->pointers.data();
  out.release = release_array;
  out.private_data = owner.release();
  return out;
}

}  // namespace

void ArrowResult::add(const engine::EventResult& result) {
  const size_t event = verdicts_.size();
  verdicts_.push_back(static_cast<uint8_t>(result.verdict));
  shadow_verdicts_.push_back(static_cast<uint8_t>(result.shadow_verdict));
  scores_.push_back(result.score);
  shadow_scores_.push_back(result.shadow_score);
  if (event % 8 == 0) duplicates_.push_back(0);
  duplicates_.back() = static_cast<uint8_t>(duplicates_.back() | (result.duplicate ? 1 << (event % 8) : 0));
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
  const ArrowSchema type =
      make_schema("+s", "",
                  {make_schema("C", "verdict"), make_schema("C", "shadow_verdict"), make_schema("g", "score"),
                   make_schema("g", "shadow_score"), make_schema("b", "duplicate"),
                   make_schema("+l", "hits",
                               {make_schema("+s", "item", {make_schema("I", "rule"), make_schema("C", "outcome")})})});
  const auto column = [&](size_t length, const void* values) { return make_array(data, length, {nullptr, values}); };
  *array =
      make_array(data, events, {nullptr},
                 {column(events, data->verdicts_.data()), column(events, data->shadow_verdicts_.data()),
                  column(events, data->scores_.data()), column(events, data->shadow_scores_.data()),
                  column(events, data->duplicates_.data()),
                  make_array(data, events, {nullptr, data->first_hit_.data()},
                             {make_array(data, hits, {nullptr},
                                         {column(hits, data->rules_.data()), column(hits, data->outcomes_.data())})})});
  *schema = type;
}

}  // namespace weir::embed
