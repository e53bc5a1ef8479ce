// Parsing for tests.
#pragma once

#include <string>

#include "compiler/base/diagnostics.h"
#include "compiler/syntax/parse.h"

namespace weir::syntax {

struct Parsed {
  explicit Parsed(std::string text, const ParseLimits& limits = {}) {
    base::FileId file = sources.add("test", std::move(text));
    expr = parse_expression(file, sources, arena, sink, limits);
  }
  std::string rendered() const { return base::render_all(sink.sorted(), sources); }
  // Codes and messages, one a line.
  std::string messages() const {
    std::string out;
    for (const base::Diagnostic& d : sink.sorted()) {
      out += std::to_string(base::diag_info(d.kind).code) + " " + d.message + "\n";
    }
    return out;
  }

  base::SourceMap sources;
  AstArena arena;
  base::DiagnosticSink sink;
  Expr* expr = nullptr;
};

struct ParsedFile {
  explicit ParsedFile(std::string text, const ParseLimits& limits = {}) {
    base::FileId id = sources.add("test.weir", std::move(text));
    file = parse_file(id, sources, arena, sink, limits);
  }
  std::string rendered() const { return base::render_all(sink.sorted(), sources); }
  std::string messages() const {
    std::string out;
    for (const base::Diagnostic& d : sink.sorted()) {
      out += std::to_string(base::diag_info(d.kind).code) + " " + d.message + "\n";
    }
    return out;
  }

  base::SourceMap sources;
  AstArena arena;
  base::DiagnosticSink sink;
  FileAst file;
};

}  // namespace weir::syntax
