#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "compiler/driver/bundle.h"
#include "compiler/driver/compile.h"
#include "compiler/driver/manifest.h"
#include "compiler/ir/binary.h"
#include "compiler/ir/program.h"
#include "tests/fuzz/targets.h"

namespace weir::fuzz {

void compile_rules(std::string_view text) {
  driver::CompileOptions options;
  options.read_file = [](base::FileId, const std::string&) { return std::optional<std::string>("a\nb\n10.0.0.0/8\n"); };
  driver::Compilation out = driver::compile({{"fuzz.weir", std::string(text)}}, options);
  base::render_all(out.diagnostics, *out.sources);
  bool errors = false;
  for (const base::Diagnostic& d : out.diagnostics) errors |= d.severity == base::Severity::kError;
  if (errors == (out.program != nullptr)) {
    fmt::print(stderr, "a program exactly if there are no errors\n");
    std::abort();
  }
  if (!out.program) return;
  absl::Status status = ir::verify(*out.program);
  if (!status.ok() && status.message().find("nested deeper") == absl::string_view::npos) {
    fmt::print(stderr, "{}\n", status.ToString());
    std::abort();
  }
  ir::print(*out.program);
}

void parse_manifest(std::string_view text) { (void)driver::parse_manifest("weir.yaml", std::string(text)); }

void read_bundle(std::string_view text) {
  absl::StatusOr<bundle::Bundle> read = bundle::Bundle::parse(text, {});
  if (!read.ok()) return;
  if (read->serialize() != text) {
    fmt::print(stderr, "a bundle is not written as it was read\n");
    std::abort();
  }
  if (absl::StatusOr<driver::RuleSetSource> source = driver::rule_set_of(*read); source.ok())
    source->read_file(0, "a.txt");
}

void read_ir(std::string_view text) {
  auto sources = std::make_shared<base::SourceMap>();
  sources->add("a.weir", std::string(4096, ' '));
  // Mutations would never get past the checksum.
  std::string bytes(text);
  if (bytes.size() > ir::kIrHeaderBytes) {
    const std::string_view body = std::string_view(bytes).substr(ir::kIrHeaderBytes);
    bytes.replace(0, ir::kIrHeaderBytes, ir::ir_header(body));
  }
  absl::StatusOr<ir::Program> read = ir::deserialize(bytes, sources);
  if (!read.ok()) return;
  if (!ir::verify(*read).ok()) {
    fmt::print(stderr, "IR was read that does not verify\n");
    std::abort();
  }
  const std::string again = ir::serialize(*read);
  absl::StatusOr<ir::Program> twice = ir::deserialize(again, sources);
  if (!twice.ok() || ir::serialize(*twice) != again || ir::print(*twice) != ir::print(*read)) {
    fmt::print(stderr, "IR does not read back\n");
    std::abort();
  }
}

void parse_ir(std::string_view text) {
  types::TypeTable types;
  ir::Module module;
  if (!ir::parse(text, types, &module).ok()) return;
  std::string once = ir::print(module);
  ir::Module again;
  if (!ir::parse(once, types, &again).ok() || ir::print(again) != once) {
    fmt::print(stderr, "IR text does not read back:\n{}\n", once);
    std::abort();
  }
  (void)ir::verify(module, {});
}

}  // namespace weir::fuzz
