// Source texts and positions in them.
//
// A Span names bytes of one file; everything that can be blamed for a diagnostic carries one. Lines and columns are
// derived only when somebody prints. SourceMap owns the texts and must outlive every Span taken from it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace weir::base {

using FileId = uint32_t;

struct Span {
  FileId file = 0;
  uint32_t begin = 0;  // byte offset of the first byte
  uint32_t end = 0;    // one past the last byte

  uint32_t size() const { return end - begin; }
  friend bool operator==(const Span&, const Span&) = default;
};

// Bytes [begin, end) of a file became others, `growth` more of them.
struct Edit {
  FileId file = 0;
  uint32_t begin = 0;
  uint32_t end = 0;
  int64_t growth = 0;

  bool touches(const Span& span) const { return span.file == file && span.begin < end && span.end > begin; }
  // Where a span that is not touched is afterwards.
  void move(Span& span) const {
    if (span.file != file || span.begin < end) return;
    span.begin = static_cast<uint32_t>(span.begin + growth);
    span.end = static_cast<uint32_t>(span.end + growth);
  }
};

// The smallest span covering both; both must lie in one file.
Span join(const Span& a, const Span& b);

// Both from 1. Columns count code points, as editors do.
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;
};

class SourceFile {
 public:
  SourceFile(std::string name, std::string text);

  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }
  LineColumn line_column(uint32_t offset) const;
  // The line's text without its end; `line` counts from 1.
  std::string_view line_text(uint32_t line) const;
  uint32_t line_count() const { return static_cast<uint32_t>(line_starts_.size()); }
  // Byte offset at which a line starts; `line` counts from 1.
  uint32_t line_start(uint32_t line) const { return line_starts_[line - 1]; }

 private:
  std::string name_;
  std::string text_;
  std::vector<uint32_t> line_starts_;
};

class SourceMap {
 public:
  FileId add(std::string name, std::string text);
  const SourceFile& file(FileId id) const { return files_[id]; }
  std::string_view text(const Span& span) const;
  size_t size() const { return files_.size(); }

 private:
  std::deque<SourceFile> files_;  // deque: references stay valid as files are added
};

}  // namespace weir::base
