#include "runtime/jit/row_preparation.h"

#include <algorithm>
#include <bit>

#include "compiler/codegen/text_filter.h"

namespace weir::jit {

using codegen::abi::SlotView;
using value::TextEnds;

Dictionary::Dictionary(const codegen::CodeTable& table) : slot_(table.slot()), strings_(table.strings()) {
  entries_.resize(std::bit_ceil(strings_.size() * 2 + 2));
  mask_ = entries_.size() - 1;
  for (size_t i = 0; i < strings_.size(); ++i) {
    const TextEnds ends = TextEnds::of(strings_[i]);
    uint64_t at = ends.hash() & mask_;
    while (entries_[at].code != 0) at = (at + 1) & mask_;
    entries_[at] = {ends, static_cast<uint32_t>(i + 1)};
  }
}

SlotView Dictionary::view(const value::Value& text) const {
  SlotView v{};
  if (!text.is(value::Kind::kString)) return v;
  const TextEnds ends = TextEnds::of(text.str());
  v = {ends.prefix, ends.suffix, ends.length, 0};
  for (uint64_t at = ends.hash() & mask_; entries_[at].code != 0; at = (at + 1) & mask_) {
    const Entry& e = entries_[at];
    if (e.ends != ends || (ends.length > TextEnds::kTold && strings_[e.code - 1] != text.str())) continue;
    v.code = e.code;
    break;
  }
  return v;
}

RowPreparation::RowPreparation(const codegen::Preparation& what) : bit_words_(what.bit_words) {
  for (const codegen::CodeTable& table : what.texts) texts_.emplace_back(table);
  for (size_t i = 0; i < what.lists.size(); ++i) {
    auto words = static_cast<uint32_t>(what.lists[i].strings().size() / 64 + 1);
    lists_.push_back({Dictionary(what.lists[i]), what.list_words[i], words});
  }
  grams_ = what.grams;
}

void RowPreparation::prepare(const value::Value* row, SlotView* views, uint64_t* bits) const {
  SlotView* view = views;
  for (const Dictionary& dictionary : texts_) *view++ = dictionary.view(row[dictionary.slot()]);
  for (const codegen::Preparation::Grams& grams : grams_) {
    if (grams.view >= 0 && views[grams.view].code != 0) continue;
    const value::Value& text = row[grams.slot];
    codegen::fill_filter(text.is(value::Kind::kString) ? text.str() : std::string_view(), grams.lengths,
                         bits + grams.word);
  }
  for (const List& list : lists_) {
    uint64_t* words = bits + list.first_word;
    std::fill_n(words, list.words, 0);
    const value::Value& items = row[list.dictionary.slot()];
    if (!items.is(value::Kind::kList)) continue;
    for (uint32_t i = 0; i < items.list->size; ++i) {
      uint64_t code = list.dictionary.view(items.list->items[i]).code;
      words[code / 64] |= uint64_t{1} << (code % 64);
    }
  }
}

}  // namespace weir::jit
