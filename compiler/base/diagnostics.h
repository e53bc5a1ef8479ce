// Diagnostics: emitted as values into a sink, sorted, rendered late.
//
// Every kind is declared once in diag_kinds.def with its number, severity and title; a test fails if a kind has no
// golden test. Messages: lower case, names in `backticks`, what was seen first; the hint says what to do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/source.h"

namespace weir::base {

enum class Severity : uint8_t { kError, kWarning, kNote };

enum class DiagKind : uint16_t {
#define WEIR_DIAG(code, name, severity, title) name = code,
#include "compiler/base/diag_kinds.def"
#undef WEIR_DIAG
};

struct DiagInfo {
  DiagKind kind;
  uint16_t code;  // printed as WR0412
  Severity severity;
  std::string_view name;
  std::string_view title;
};

const DiagInfo& diag_info(DiagKind kind);
const std::vector<DiagInfo>& all_diag_kinds();

// A secondary place with its own words, such as the other operand of a mismatch.
struct Label {
  Span span;
  std::string text;
};

struct Diagnostic {
  DiagKind kind;
  Severity severity;
  Span span;
  std::string message;
  std::string hint;  // empty if none is known
  std::vector<Label> labels;
};

// Collects diagnostics of one compilation. Not thread-safe. Stops storing errors past a cap (and says so once), so a
// hostile file cannot fill memory.
class DiagnosticSink {
 public:
  class Builder {
   public:
    Builder& hint(std::string text);
    Builder& label(Span span, std::string text);

   private:
    friend class DiagnosticSink;
    Builder(DiagnosticSink* sink, size_t index) : sink_(sink), index_(index) {}
    DiagnosticSink* sink_;
    size_t index_;  // SIZE_MAX once the cap is reached
  };

  explicit DiagnosticSink(size_t max_errors = 200) : max_errors_(max_errors) {}
  Builder emit(DiagKind kind, Span span, std::string message);

  // A point to come back to: what was emitted after it can be taken back.
  struct Mark {
    size_t diagnostics, errors;
  };
  Mark mark() const { return {diagnostics_.size(), error_count_}; }
  bool changed_since(Mark mark) const { return diagnostics_.size() != mark.diagnostics || error_count_ != mark.errors; }
  void roll_back(Mark mark) {
    while (diagnostics_.size() > mark.diagnostics) diagnostics_.pop_back();
    error_count_ = mark.errors;
  }

  bool has_errors() const { return error_count_ > 0; }
  size_t error_count() const { return error_count_; }
  // In order of file, then position, then emission.
  std::vector<Diagnostic> sorted() const;
  const std::vector<Diagnostic>& all() const { return diagnostics_; }

 private:
  size_t max_errors_;
  size_t error_count_ = 0;
  std::vector<Diagnostic> diagnostics_;
};

struct RenderOptions {
  bool color = false;
};

// file:line:column: error[WR0412]: message / source line / caret line / labels / hint.
std::string render(const Diagnostic& diagnostic, const SourceMap& sources, const RenderOptions& options = {});
std::string render_all(const std::vector<Diagnostic>& diagnostics, const SourceMap& sources,
                       const RenderOptions& options = {});

// The candidate closest to `name` if it is close enough to be a likely misspelling, else empty.
std::string_view did_you_mean(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace weir::base
