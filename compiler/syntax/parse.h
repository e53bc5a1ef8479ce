// Text to AST: the only way in. ANTLR stays behind this header and its exceptions do not leave it.
//
// Parsing recovers: a file yields every statement that could be read and a diagnostic for each one that could not.
#pragma once

#include <cstdint>

#include "compiler/base/diagnostics.h"
#include "compiler/base/source.h"
#include "compiler/syntax/ast.h"

namespace weir::syntax {

struct ParseLimits {
  uint32_t max_nesting = 250;  // brackets; checked on tokens before parsing
  uint32_t max_depth = 1000;   // levels of the tree: chains such as a + b + c... add one each; && and ||
                               // are balanced and add a logarithm
  uint32_t max_expression_tokens = 4'000'000;  // holds a literal of 10^6 elements
  uint32_t max_source_bytes = 64u << 20;
  bool by_grammar = false;  // ANTLR reads everything, not only what the quick way leaves to it: for tests
};

// A whole rule file. Never fails as a whole; see the sink.
FileAst parse_file(base::FileId file, const base::SourceMap& sources, AstArena& arena, base::DiagnosticSink& sink,
                   const ParseLimits& limits = {});

// One statement that is all of bytes [begin, end) of a file, from its first token to its last, added to `ast`. False if
// that is not what they are, or if there is anything to be said of them.
bool parse_statement(base::FileId file, const base::SourceMap& sources, uint32_t begin, uint32_t end, AstArena& arena,
                     FileAst& ast, const ParseLimits& limits = {});

// One CEL expression filling the whole source. Null (and a diagnostic) if it cannot be parsed.
Expr* parse_expression(base::FileId file, const base::SourceMap& sources, AstArena& arena, base::DiagnosticSink& sink,
                       const ParseLimits& limits = {});

// Forms of an AST for people and golden tests: an s-expression with one statement or node a line, indented.
std::string dump(const FileAst& file);
std::string dump(const Expr& expr);
// Back to CEL source, macros unexpanded where they can be, fully parenthesised only where needed.
std::string unparse(const Expr& expr);

}  // namespace weir::syntax
