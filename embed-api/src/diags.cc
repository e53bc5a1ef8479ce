#include "embed-api/src/diags.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::embed {
namespace {

uint32_t severity(base::Severity s) {
  switch (s) {
    case base::Severity::kError:
      return WEIR_SEVERITY_ERROR;
    case base::Severity::kWarning:
      return WEIR_SEVERITY_WARNING;
    case base::Severity::kNote:
      return WEIR_SEVERITY_NOTE;
  }
  return WEIR_SEVERITY_NOTE;
}

bool is_error(const base::Diagnostic& d) { return d.severity == base::Severity::kError; }

}  // namespace

std::unique_ptr<weir_diags> make_diags(const driver::Compilation& compilation) {
  auto diags = std::make_unique<weir_diags>();
  diags->sources = compilation.sources;
  diags->diagnostics = compilation.diagnostics;
  if (!diags->diagnostics.empty()) diags->text = base::render_all(diags->diagnostics, *diags->sources);
  return diags;
}

std::string first_error(const driver::Compilation& compilation) {
  const auto& all = compilation.diagnostics;
  auto first = std::find_if(all.begin(), all.end(), is_error);
  if (first == all.end()) return "the rules do not compile";
  std::string text;
  if (first->span.file < compilation.sources->size()) {
    const base::SourceFile& file = compilation.sources->file(first->span.file);
    base::LineColumn at = file.line_column(first->span.begin);
    text = fmt::format("{}:{}:{}: ", file.name(), at.line, at.column);
  }
  text += fmt::format("error[WR{:04}]: {}", base::diag_info(first->kind).code, first->message);
  if (auto n = std::count_if(all.begin(), all.end(), is_error); n > 1) text += fmt::format(" (and {} more)", n - 1);
  return text;
}

}  // namespace weir::embed

size_t weir_diags_count(const weir_diags* diags) { return diags == nullptr ? 0 : diags->diagnostics.size(); }

size_t weir_diags_error_count(const weir_diags* diags) {
  if (diags == nullptr) return 0;
  return static_cast<size_t>(
      std::count_if(diags->diagnostics.begin(), diags->diagnostics.end(), weir::embed::is_error));
}

weir_status weir_diags_get(const weir_diags* diags, size_t i, weir_diag* diag) {
  if (diags == nullptr || i >= diags->diagnostics.size()) return WEIR_E_ARG;
  const weir::base::Diagnostic& d = diags->diagnostics[i];
  weir_diag full = {};
  full.severity = weir::embed::severity(d.severity);
  full.code = weir::base::diag_info(d.kind).code;
  full.message = weir::embed::str(d.message);
  full.hint = weir::embed::str(d.hint);
  if (d.span.file < diags->sources->size()) {
    const weir::base::SourceFile& file = diags->sources->file(d.span.file);
    weir::base::LineColumn begin = file.line_column(d.span.begin), end = file.line_column(d.span.end);
    full.file = weir::embed::str(file.name());
    full.line = begin.line;
    full.col = begin.column;
    full.end_line = end.line;
    full.end_col = end.column;
  }
  return weir::embed::write_out(full, diag);
}

weir_str weir_diags_text(const weir_diags* diags) {
  return diags == nullptr ? weir_str{nullptr, 0} : weir::embed::str(diags->text);
}

void weir_diags_release(weir_diags* diags) { delete diags; }
