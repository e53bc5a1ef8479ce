#include "runtime/io/lines.h"

#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>

namespace weir::io {
namespace {

constexpr size_t kChunk = size_t{256} << 10;

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
}

uint64_t count_lines(const char* begin, const char* end) { return static_cast<uint64_t>(std::count(begin, end, '\n')); }

// "posts.csv.zst" -> csv.
RecordFormat format_of_name(std::string name) {
  for (std::string_view packed : {".zst", ".gz"})
    if (name.size() > packed.size() && name.compare(name.size() - packed.size(), packed.size(), packed) == 0)
      name.resize(name.size() - packed.size());
  auto ends = [&](std::string_view s) {
    return name.size() >= s.size() && name.compare(name.size() - s.size(), s.size(), s) == 0;
  };
  if (ends(".csv") || ends(".tsv")) return RecordFormat::kCsv;
  if (ends(".json") || ends(".jsonl") || ends(".ndjson")) return RecordFormat::kJson;
  return RecordFormat::kAuto;
}

}  // namespace

RecordSplitter::RecordSplitter(std::vector<std::string> paths, const DecodePlan& plan, const SplitOptions& options)
    : paths_(std::move(paths)), plan_(plan), options_(options) {
  for (const std::string& path : paths_) {
    struct stat info;
    if (path == "-" || stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
      raw_size_ = 0;
      break;
    }
    raw_size_ += static_cast<uint64_t>(info.st_size);
  }
}

bool RecordSplitter::open_next(RawBatch* batch) {
  if (next_path_ == paths_.size()) return false;
  if (source_) raw_before_ += source_->raw_position();
  const std::string& path = paths_[next_path_++];
  auto source = open_source(path);
  if (!source.ok()) {
    batch->status = source.status();
    return true;
  }
  source_ = *std::move(source);
  file_ = std::make_shared<const std::string>(path == "-" ? "stdin" : path);
  csv_ = nullptr;
  is_csv_ = sniffed_ = header_read_ = false;
  line_ = 1;
  carry_.clear();
  scanned_ = 0;
  skip_bytes_ = 0;
  return true;
}

absl::Status RecordSplitter::sniff(std::string_view head) {
  RecordFormat format = options_.format;
  if (format == RecordFormat::kAuto) format = format_of_name(*file_);
  if (format == RecordFormat::kAuto) {
    size_t at = head.find_first_not_of(" \t\r\n");
    format =
        at == std::string_view::npos || head[at] == '{' || head[at] == '[' ? RecordFormat::kJson : RecordFormat::kCsv;
  }
  is_csv_ = format == RecordFormat::kCsv;
  sniffed_ = true;
  return absl::OkStatus();
}

// One past the record's last byte, or npos: a line end, for CSV one outside quotes.
size_t RecordSplitter::find_record_end(std::string_view text, size_t from) {
  if (!is_csv_) return text.find('\n', from);
  bool quoted = false, cell_start = true;
  char separator = csv_ ? csv_->separator : ',';
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted) {
      if (c != '"') continue;
      if (i + 1 < text.size() && text[i + 1] == '"')
        ++i;
      else
        quoted = false;
    } else if (c == '\n') {
      return i;
    } else if (c == '"' && cell_start) {
      quoted = true;
    }
    cell_start = c == separator || (!header_read_ && (c == '\t' || c == ';'));
  }
  return std::string_view::npos;
}

void RecordSplitter::take(RawBatch* batch, size_t begin, size_t end) {
  const char* text = batch->text.data();
  uint64_t line = line_;
  line_ += 1 + (is_csv_ ? count_lines(text + begin, text + end) : 0);
  if (end > begin && text[end - 1] == '\r') --end;
  if (is_blank({text + begin, end - begin})) return;
  Slice slice;
  slice.begin = begin;
  slice.end = end;
  slice.line = line;
  if (is_csv_ && !header_read_) {
    header_read_ = true;
    auto header = read_csv_header({text + begin, end - begin}, plan_);
    if (!header.ok()) {
      batch->status =
          absl::InvalidArgumentError(fmt::format("{}:{}: {}", *file_, line, std::string(header.status().message())));
      return;
    }
    csv_ = std::make_shared<const CsvHeader>(*std::move(header));
    return;
  }
  if (end - begin > options_.max_record_bytes) {
    slice.rejected = true;
    slice.bytes = end - begin;
    slice.end = begin + std::min<size_t>(slice.bytes, RejectLog::kDeadLetterBytes);
    slice.message =
        fmt::format("the record has {} bytes; at most {} are taken", slice.bytes, options_.max_record_bytes);
  }
  batch->slices.push_back(std::move(slice));
}

// The record over the limit that the batch's text continues: drops up to its line end.
void RecordSplitter::skip_long(RawBatch* batch) {
  const char* text = batch->text.data();
  auto* end = static_cast<const char*>(memchr(text + begin_, '\n', used_ - begin_));
  size_t n = end == nullptr ? used_ - begin_ : static_cast<size_t>(end - text) - begin_;
  skip_bytes_ += n;
  begin_ += n;
  if (end != nullptr) ++begin_;
}

void RecordSplitter::cut(RawBatch* batch, bool at_end) {
  auto finish_skip = [&] {
    Slice slice;
    slice.line = skip_line_;
    slice.rejected = true;
    slice.bytes = skip_bytes_;
    slice.message =
        fmt::format("the record has {} bytes; at most {} are taken", skip_bytes_, options_.max_record_bytes);
    // The prefix takes the place of text already dropped from this batch.
    slice.begin = begin_ >= skip_prefix_.size() ? begin_ - skip_prefix_.size() : 0;
    slice.end = std::min(slice.begin + skip_prefix_.size(), begin_);
    memcpy(batch->text.data() + slice.begin, skip_prefix_.data(), slice.end - slice.begin);
    batch->slices.push_back(std::move(slice));
    skip_bytes_ = 0;
    ++line_;
  };

  if (skip_bytes_ > 0) {
    size_t before = begin_;
    skip_long(batch);
    bool ended = begin_ > before && batch->text[begin_ - 1] == '\n';
    if (!ended && !at_end) return;
    finish_skip();
  }
  while (begin_ < used_) {
    std::string_view rest(batch->text.data() + begin_, used_ - begin_);
    size_t end = find_record_end(rest, is_csv_ ? 0 : scanned_);
    scanned_ = 0;
    if (end == std::string_view::npos) break;
    take(batch, begin_, begin_ + end);
    begin_ += end + 1;
    if (!batch->status.ok()) return;
  }
  if (begin_ == used_) return;
  size_t left = used_ - begin_;
  if (at_end) return;
  if (left > options_.max_record_bytes) {
    skip_line_ = line_;
    skip_bytes_ = left;
    skip_prefix_.assign(batch->text.data() + begin_, std::min<size_t>(left, RejectLog::kDeadLetterBytes));
    line_ += is_csv_ ? count_lines(batch->text.data() + begin_, batch->text.data() + used_) : 0;
    begin_ = used_;
  } else {
    scanned_ = left;
  }
}

bool RecordSplitter::next(RawBatch* batch) {
  batch->slices.clear();
  batch->status = absl::OkStatus();
  while (batch->slices.empty() && batch->status.ok()) {
    if (!source_ || file_ == nullptr) {
      if (!open_next(batch)) return false;
      if (!batch->status.ok()) return true;
    }
    batch->file = file_;
    begin_ = 0;
    used_ = carry_.size();
    if (batch->text.size() < used_ + kChunk + kPadding) batch->text.resize(used_ + kChunk + kPadding);
    memcpy(batch->text.data(), carry_.data(), used_);
    carry_.clear();

    auto got = source_->read(batch->text.data() + used_, kChunk);
    bool at_end = !got.ok() || *got == 0;
    if (got.ok()) used_ += *got;
    batch->raw_position = raw_before_ + source_->raw_position();
    if (!sniffed_ && (used_ > 0 || at_end)) {
      std::string_view head(batch->text.data(), used_);
      if (head.substr(0, 3) == "\xEF\xBB\xBF") begin_ = 3;  // a byte order mark
      if (absl::Status s = sniff(head.substr(begin_)); !s.ok()) batch->status = s;
    }
    cut(batch, at_end);
    batch->csv = csv_;
    if (!batch->status.ok()) return true;
    if (!at_end) {
      carry_.assign(batch->text.data() + begin_, used_ - begin_);
      continue;
    }

    // The end of this file: a last line without its end is a record, unless the stream broke off in it.
    if (got.ok() && begin_ < used_) {
      bool unclosed = is_csv_ && find_record_end(std::string(batch->text.data() + begin_, used_ - begin_) + '\n', 0) ==
                                     std::string_view::npos;
      if (!unclosed) {
        take(batch, begin_, used_);
      } else {
        batch->slices.push_back({begin_, std::min(used_, begin_ + RejectLog::kDeadLetterBytes), line_, true,
                                 RejectCause::kTruncatedInput, used_ - begin_, "a quoted value is never closed"});
      }
      batch->csv = csv_;
    } else if (!got.ok() && absl::IsDataLoss(got.status())) {
      batch->slices.push_back({begin_, std::min(used_, begin_ + RejectLog::kDeadLetterBytes), line_, true,
                               RejectCause::kTruncatedInput, used_ - begin_, std::string(got.status().message())});
    } else if (!got.ok()) {
      batch->status = got.status();
    }
    raw_before_ += source_->raw_position();
    source_.reset();
  }
  return true;
}

}  // namespace weir::io
