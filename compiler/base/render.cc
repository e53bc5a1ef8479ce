// Rendering of diagnostics for people.
#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>

#include "compiler/base/diagnostics.h"

namespace weir::base {
namespace {

constexpr uint32_t kTabWidth = 4;
constexpr size_t kWindowColumns = 140;  // a longer source line is cut to a window around the caret
constexpr size_t kWindowBefore = 50;

constexpr std::string_view kRed = "\x1b[1;31m", kYellow = "\x1b[1;33m", kCyan = "\x1b[1;36m", kGreen = "\x1b[32m",
                           kBold = "\x1b[1m", kReset = "\x1b[0m";

// A source line as a terminal shows it: tabs expanded, what cannot be printed replaced, one display column a cell.
struct DisplayLine {
  std::string text;
  std::vector<uint32_t> column_at;  // by byte of the source line (and one past it): its display column
  std::vector<uint32_t> byte_at;    // by display column: where its text begins in `text`
};

DisplayLine display(std::string_view line) {
  DisplayLine out;
  out.column_at.reserve(line.size() + 1);
  uint32_t column = 0;
  auto put = [&](std::string_view piece, uint32_t width) {
    for (uint32_t i = 0; i < width; ++i) out.byte_at.push_back(static_cast<uint32_t>(out.text.size()));
    out.text += piece;
    column += width;
  };
  for (size_t i = 0; i < line.size();) {
    utf8proc_int32_t code = 0;
    auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(line.data() + i);
    utf8proc_ssize_t size = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(line.size() - i), &code);
    size_t step = size > 0 ? static_cast<size_t>(size) : 1;
    out.column_at.insert(out.column_at.end(), step, column);
    if (size <= 0) {
      put("\xEF\xBF\xBD", 1);
    } else if (code == '\t') {
      uint32_t width = kTabWidth - column % kTabWidth;
      for (uint32_t k = 0; k < width; ++k) put(" ", 1);
    } else if (code < 0x20 || code == 0x7F || (code >= 0x80 && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
               (code >= 0x2066 && code <= 0x2069)) {
      // Control and direction marks would let a source forge what a reviewer sees.
      put("\xEF\xBF\xBD", 1);
    } else {
      put(line.substr(i, step), static_cast<uint32_t>(std::max(0, utf8proc_charwidth(code))));
    }
    i += step;
  }
  out.column_at.push_back(column);
  out.byte_at.push_back(static_cast<uint32_t>(out.text.size()));
  return out;
}

struct Style {
  bool color;
  std::string operator()(std::string_view code, std::string_view text) const {
    return color ? fmt::format("{}{}{}", code, text, kReset) : std::string(text);
  }
};

std::string_view severity_word(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      return "note";
  }
  return "error";
}

std::string_view severity_color(Severity severity) {
  return severity == Severity::kError ? kRed : severity == Severity::kWarning ? kYellow : kCyan;
}

// The line a span starts on and a mark under it: ^~~~ for the main place, ---- for a secondary one.
void append_snippet(std::string& out, const SourceFile& file, const Span& span, bool primary, const Style& style) {
  LineColumn start = file.line_column(span.begin);
  std::string_view line = file.line_text(start.line);
  DisplayLine shown = display(line);
  uint32_t line_start = file.line_start(start.line);
  size_t first = std::min<size_t>(span.begin - std::min(span.begin, line_start), line.size());
  size_t last = std::min<size_t>(std::max(span.end, span.begin) - line_start, line.size());
  size_t from = shown.column_at[first];
  size_t to = std::max<size_t>(shown.column_at[last], from + 1);

  size_t columns = shown.byte_at.size() - 1;
  size_t window_begin = 0, window_end = columns;
  std::string before, after;
  if (columns > kWindowColumns) {
    window_begin = from > kWindowBefore ? from - kWindowBefore : 0;
    window_end = std::min(columns, window_begin + kWindowColumns);
    // A wide character occupies two columns that begin at one byte: never start in its middle.
    while (window_begin > 0 && shown.byte_at[window_begin] == shown.byte_at[window_begin - 1]) --window_begin;
    if (window_begin > 0) before = "...";
    if (window_end < columns) after = "...";
    to = std::min(to, window_end);
    to = std::max(to, from + 1);
  }
  std::string_view text =
      std::string_view(shown.text)
          .substr(shown.byte_at[window_begin], shown.byte_at[window_end] - shown.byte_at[window_begin]);
  std::string number = fmt::format("{:>5}", start.line);
  out += fmt::format("{} | {}{}{}\n", number, before, text, after);
  std::string mark = primary ? "^" + std::string(to - from - 1, '~') : std::string(to - from, '-');
  std::string pad(from - window_begin + before.size(), ' ');
  out += fmt::format("{} | {}{}", std::string(number.size(), ' '), pad, style(primary ? kGreen : kCyan, mark));
}

}  // namespace

std::string render(const Diagnostic& diagnostic, const SourceMap& sources, const RenderOptions& options) {
  Style style{options.color};
  std::string word = fmt::format("{}[WR{:04}]", severity_word(diagnostic.severity), diag_info(diagnostic.kind).code);
  std::string head = style(severity_color(diagnostic.severity), word + ":");
  if (diagnostic.span.file >= sources.size()) {
    std::string out = fmt::format("{} {}\n", head, diagnostic.message);
    if (!diagnostic.hint.empty()) out += fmt::format("  hint: {}\n", diagnostic.hint);
    return out;
  }
  const SourceFile& file = sources.file(diagnostic.span.file);
  LineColumn at = file.line_column(diagnostic.span.begin);
  std::string out = fmt::format("{} {} {}\n", style(kBold, fmt::format("{}:{}:{}:", file.name(), at.line, at.column)),
                                head, style(kBold, diagnostic.message));
  append_snippet(out, file, diagnostic.span, true, style);
  out += '\n';
  for (const Label& label : diagnostic.labels) {
    if (label.span.file >= sources.size()) continue;
    const SourceFile& other = sources.file(label.span.file);
    if (label.span.file != diagnostic.span.file) {
      LineColumn place = other.line_column(label.span.begin);
      out += fmt::format("      --> {}:{}:{}\n", other.name(), place.line, place.column);
    }
    append_snippet(out, other, label.span, false, style);
    out += fmt::format(" {}\n", label.text);
  }
  if (!diagnostic.hint.empty()) out += fmt::format("      = {} {}\n", style(kCyan, "hint:"), diagnostic.hint);
  return out;
}

std::string render_all(const std::vector<Diagnostic>& diagnostics, const SourceMap& sources,
                       const RenderOptions& options) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) out += render(diagnostic, sources, options);
  return out;
}

}  // namespace weir::base
