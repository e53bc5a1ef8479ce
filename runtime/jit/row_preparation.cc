#include "runtime/jit/row_preparation.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "compiler/codegen/text_filter.h"

namespace weir::jit {

using codegen::abi::SlotView;

namespace {

// The layout in abi.h names bytes by their place in a word.
static_assert(std::endian::native == std::endian::little);

uint64_t read64(const char* p) {
  uint64_t w;
  std::memcpy(&w, p, sizeof w);
  return w;
}

uint64_t read32(const char* p) {
  uint32_t w;
  std::memcpy(&w, p, sizeof w);
  return w;
}

void read_ends(const char* text, uint64_t size, SlotView* out) {
  out->length = size;
  if (size >= 8) {
    out->prefix = read64(text);
    out->suffix = read64(text + size - 8);
    return;
  }
  uint64_t w = 0;
  if (size >= 4) {
    w = read32(text) | read32(text + size - 4) << (8 * (size - 4));
  } else if (size > 0) {
    for (uint64_t i : {uint64_t{0}, size / 2, size - 1}) w |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * i);
  }
  out->prefix = w;
  out->suffix = size == 0 ? 0 : w << (8 * (8 - size));
}

// Texts of up to 16 bytes differ in one of the three; longer ones are compared.
uint64_t hash_of(uint64_t prefix, uint64_t suffix, uint64_t length) {
  uint64_t h = (prefix ^ 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull;
  h = (h ^ (h >> 32) ^ suffix ^ length << 56) * 0xc4ceb9fe1a85ec53ull;
  return h ^ (h >> 29);
}

}  // namespace

Dictionary::Dictionary(const codegen::CodeTable& table) : slot_(table.slot()), strings_(table.strings()) {
  entries_.resize(std::bit_ceil(strings_.size() * 2 + 2));
  mask_ = entries_.size() - 1;
  for (size_t i = 0; i < strings_.size(); ++i) {
    SlotView ends{};
    read_ends(strings_[i].data(), strings_[i].size(), &ends);
    uint64_t at = hash_of(ends.prefix, ends.suffix, ends.length) & mask_;
    while (entries_[at].code != 0) at = (at + 1) & mask_;
    entries_[at] = {ends.prefix, ends.suffix, static_cast<uint32_t>(ends.length), static_cast<uint32_t>(i + 1)};
  }
}

SlotView Dictionary::view(const value::Value& text) const {
  SlotView v{};
  if (!text.is(value::Kind::kString)) return v;
  read_ends(text.s, text.aux, &v);
  for (uint64_t at = hash_of(v.prefix, v.suffix, v.length) & mask_; entries_[at].code != 0; at = (at + 1) & mask_) {
    const Entry& e = entries_[at];
    if (e.prefix != v.prefix || e.suffix != v.suffix || e.length != v.length) continue;
    if (v.length > 16 && strings_[e.code - 1] != text.str()) continue;
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
