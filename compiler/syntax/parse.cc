#include "compiler/syntax/parse.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include "compiler/syntax/statements.h"

namespace weir::syntax {

using base::DiagKind;

namespace {

// Reports what forbids lexing at all.
bool check_source(base::FileId file, std::string_view text, const ParseLimits& limits, base::DiagnosticSink& sink);

}  // namespace

bool parse_statement(base::FileId file, const base::SourceMap& sources, uint32_t begin, uint32_t end, AstArena& arena,
                     FileAst& ast, const ParseLimits& limits) {
  const std::string_view text = sources.file(file).text();
  base::DiagnosticSink sink;
  if (text.size() > limits.max_source_bytes || !check_source(file, text.substr(begin, end - begin), limits, sink))
    return false;
  TokenList tokens(file, text, begin, end, sink, limits.by_grammar);
  const std::vector<Range> statements = cut_statements(tokens);
  if (statements.size() != 1 || tokens.span(tokens.all()) != base::Span{file, begin, end}) return false;
  StatementParser(tokens, arena, sink, limits).parse(statements[0], ast);
  return sink.all().empty() && ast.statements.size() == 1 && ast.statements[0].span == tokens.span(tokens.all());
}

namespace {

bool check_source(base::FileId file, std::string_view text, const ParseLimits& limits, base::DiagnosticSink& sink) {
  if (text.size() > limits.max_source_bytes) {
    sink.emit(DiagKind::kTooLarge, {file, 0, 0},
              fmt::format("source has {} bytes; the limit is {}", text.size(), limits.max_source_bytes));
    return false;
  }
  auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t i = 0; i < text.size();) {
    if (bytes[i] < 0x80) {
      ++i;
      continue;
    }
    utf8proc_int32_t code = 0;
    utf8proc_ssize_t size = utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text.size() - i), &code);
    if (size <= 0) {
      auto at = static_cast<uint32_t>(i);
      sink.emit(DiagKind::kInvalidUtf8, {file, at, at + 1}, fmt::format("byte 0x{:02X} is not valid UTF-8", bytes[i]))
          .hint("save the file as UTF-8");
      return false;
    }
    i += static_cast<size_t>(size);
  }
  return true;
}

}  // namespace

FileAst parse_file(base::FileId file, const base::SourceMap& sources, AstArena& arena, base::DiagnosticSink& sink,
                   const ParseLimits& limits) {
  FileAst ast;
  ast.file = file;
  std::string_view text = sources.file(file).text();
  if (!check_source(file, text, limits, sink)) return ast;
  TokenList tokens(file, text, 0, static_cast<uint32_t>(text.size()), sink, limits.by_grammar);
  StatementParser statements(tokens, arena, sink, limits);
  for (Range statement : cut_statements(tokens)) statements.parse(statement, ast);
  return ast;
}

Expr* parse_expression(base::FileId file, const base::SourceMap& sources, AstArena& arena, base::DiagnosticSink& sink,
                       const ParseLimits& limits) {
  std::string_view text = sources.file(file).text();
  size_t errors = sink.error_count();
  if (!check_source(file, text, limits, sink)) return nullptr;
  TokenList tokens(file, text, 0, static_cast<uint32_t>(text.size()), sink, limits.by_grammar);
  if (sink.error_count() > errors) return nullptr;
  ExpressionParser parser(tokens, arena, sink, limits);
  Expr* e = parser.parse_expression(tokens.all(), {});
  return sink.error_count() > errors ? nullptr : e;
}

}  // namespace weir::syntax
