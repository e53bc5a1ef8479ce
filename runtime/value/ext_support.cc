#include "runtime/value/ext_support.h"

#include <bit>

namespace weir::value::ext {

bool kinds_are(EvalContext& ctx, types::BuiltinId id, const Value* args, std::initializer_list<Kind> kinds,
               Value* out) {
  for (Kind kind : kinds) {
    if (!args->is(kind)) {
      *out = wrong_kind(ctx, types::builtin_info(id).function, *args);
      return false;
    }
    ++args;
  }
  return true;
}

ValueSet::ValueSet(EvalContext& ctx, uint32_t n) : ctx_(ctx) {
  uint64_t slots = std::bit_ceil(uint64_t{2} * n + 2);
  if (slots > (uint64_t{1} << 31)) return;
  slots_ = ctx.arena->allocate_array<Slot>(slots);
  if (slots_ == nullptr) return;
  std::memset(static_cast<void*>(slots_), 0, slots * sizeof(Slot));
  mask_ = static_cast<uint32_t>(slots - 1);
}

ValueSet::Slot* ValueSet::find(const Value& v, uint64_t h) const {
  for (uint32_t i = static_cast<uint32_t>(h ^ h >> 32) & mask_;; i = (i + 1) & mask_) {
    Slot& slot = slots_[i];
    if (!slot.used || (slot.hash == h && equal(slot.value, v, &ctx_.steps))) return &slot;
    if (!charge(ctx_, 1)) return &slot;
  }
}

bool ValueSet::insert(const Value& v) {
  if (v.is(Kind::kDouble) && v.d != v.d) return true;  // NaN equals nothing and would only fill the table
  uint64_t h = hash(v);
  Slot* slot = find(v, h);
  if (slot->used) return false;
  *slot = Slot{v, h, 1};
  return true;
}

bool ValueSet::contains(const Value& v) const { return find(v, hash(v))->used != 0; }

}  // namespace weir::value::ext
