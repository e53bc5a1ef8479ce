#include "tools/weir/diagnostics_json.h"

#include <fmt/format.h>

namespace weir::tools {
namespace {

const char* severity_name(base::Severity severity) {
  switch (severity) {
    case base::Severity::kError:
      return "error";
    case base::Severity::kWarning:
      return "warning";
    case base::Severity::kNote:
      return "note";
  }
  return "";
}

Json span_json(const base::Span& span, const base::SourceMap& sources) {
  const base::SourceFile& file = sources.file(span.file);
  base::LineColumn begin = file.line_column(span.begin), end = file.line_column(span.end);
  return {{"file", file.name()},
          {"line", begin.line},
          {"column", begin.column},
          {"end_line", end.line},
          {"end_column", end.column}};
}

}  // namespace

Json to_json(const std::vector<base::Diagnostic>& diagnostics, const base::SourceMap& sources) {
  Json out = Json::array();
  for (const base::Diagnostic& d : diagnostics) {
    Json item = span_json(d.span, sources);
    item["code"] = fmt::format("WR{:04}", static_cast<unsigned>(d.kind));
    item["severity"] = severity_name(d.severity);
    item["message"] = d.message;
    if (!d.hint.empty()) item["hint"] = d.hint;
    for (const base::Label& label : d.labels) {
      Json l = span_json(label.span, sources);
      l["text"] = label.text;
      item["labels"].push_back(std::move(l));
    }
    out.push_back(std::move(item));
  }
  return out;
}

}  // namespace weir::tools
