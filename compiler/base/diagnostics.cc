#include "compiler/base/diagnostics.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace weir::base {

const std::vector<DiagInfo>& all_diag_kinds() {
  static const std::vector<DiagInfo> kinds = {
#define WEIR_DIAG(code, name, severity, title) {DiagKind::name, code, Severity::severity, #name, title},
#include "compiler/base/diag_kinds.def"
#undef WEIR_DIAG
  };
  return kinds;
}

const DiagInfo& diag_info(DiagKind kind) {
  for (const DiagInfo& info : all_diag_kinds())
    if (info.kind == kind) return info;
  return all_diag_kinds().front();
}

DiagnosticSink::Builder& DiagnosticSink::Builder::hint(std::string text) {
  if (index_ != SIZE_MAX) sink_->diagnostics_[index_].hint = std::move(text);
  return *this;
}

DiagnosticSink::Builder& DiagnosticSink::Builder::label(Span span, std::string text) {
  if (index_ != SIZE_MAX) sink_->diagnostics_[index_].labels.push_back({span, std::move(text)});
  return *this;
}

DiagnosticSink::Builder DiagnosticSink::emit(DiagKind kind, Span span, std::string message) {
  Severity severity = diag_info(kind).severity;
  if (severity == Severity::kError) ++error_count_;
  if (diagnostics_.size() >= max_errors_) {
    // One note past the cap, then silence.
    if (diagnostics_.size() == max_errors_) {
      diagnostics_.push_back({DiagKind::kTooManyErrors,
                              diag_info(DiagKind::kTooManyErrors).severity,
                              span,
                              "too many diagnostics: those from here on are not shown",
                              {},
                              {}});
    }
    return Builder(this, SIZE_MAX);
  }
  diagnostics_.push_back({kind, severity, span, std::move(message), {}, {}});
  return Builder(this, diagnostics_.size() - 1);
}

std::vector<Diagnostic> DiagnosticSink::sorted() const {
  std::vector<Diagnostic> result = diagnostics_;
  std::stable_sort(result.begin(), result.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.span.file, a.span.begin) < std::tie(b.span.file, b.span.begin);
  });
  return result;
}

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Optimal string alignment distance (insert, delete, replace, swap neighbours), case folded.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> two_back(b.size() + 1), back(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) back[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, back[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], two_back[j - 2] + 1);
      }
    }
    std::swap(two_back, back);
    std::swap(back, row);
  }
  return back[b.size()];
}

}  // namespace

std::string_view did_you_mean(std::string_view name, const std::vector<std::string_view>& candidates) {
  constexpr size_t kLongestName = 64;  // the distance is quadratic
  if (name.empty() || name.size() > kLongestName) return {};
  std::string_view best;
  size_t best_distance = 1 + std::max<size_t>(name.size() > 2 ? 1 : 0, name.size() / 3);
  for (std::string_view candidate : candidates) {
    if (candidate.empty() || candidate.size() > kLongestName || candidate == name) continue;
    size_t longer = std::max(name.size(), candidate.size());
    if (longer - std::min(name.size(), candidate.size()) >= best_distance) continue;
    size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace weir::base
