// Prepares a row for the rules of a group, once an event: views, filters and sets of codegen::Preparation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/codegen/abi.h"
#include "compiler/codegen/analysis.h"
#include "runtime/value/text_ends.h"

namespace weir::jit {

// Codes of constant strings: open addressing, at most half full. Immutable once made.
class Dictionary {
 public:
  explicit Dictionary(const codegen::CodeTable& table);
  uint32_t slot() const { return slot_; }
  codegen::abi::SlotView view(const value::Value& text) const;

 private:
  struct Entry {
    value::TextEnds ends;
    uint32_t code = 0;  // 0: free
  };

  uint32_t slot_;
  std::vector<std::string> strings_;
  std::vector<Entry> entries_;
  uint64_t mask_ = 0;
};

// Immutable once made.
class RowPreparation {
 public:
  explicit RowPreparation(const codegen::Preparation& what);
  size_t view_count() const { return texts_.size(); }
  size_t bit_words() const { return bit_words_; }
  // Fills view_count() views and bit_words() words.
  void prepare(const value::Value* row, codegen::abi::SlotView* views, uint64_t* bits) const;

 private:
  struct List {
    Dictionary dictionary;
    uint32_t first_word;
    uint32_t words;
  };
  std::vector<Dictionary> texts_;
  std::vector<List> lists_;
  std::vector<codegen::Preparation::Grams> grams_;
  size_t bit_words_;
};

}  // namespace weir::jit
