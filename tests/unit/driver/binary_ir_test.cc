// Programs as bytes: what comes back is the same program, and damage is refused.
#include <gtest/gtest.h>

#include <filesystem>

#include "compiler/driver/compile.h"
#include "compiler/driver/manifest.h"
#include "compiler/ir/binary.h"

namespace weir::ir {
namespace {

namespace fs = std::filesystem;

driver::Compilation compiled(const std::string& directory) {
  auto source = driver::load_rule_set({directory});
  EXPECT_TRUE(source.ok()) << source.status();
  driver::CompileOptions options;
  options.read_file = source->read_file;
  return driver::compile(source->sources, options);
}

std::vector<std::string> packs() {
  std::vector<std::string> out = {WEIR_SOURCE_DIR "/benchmarks/stateless"};
  for (const auto& entry : fs::directory_iterator(WEIR_SOURCE_DIR "/stdlib-rules/packs"))
    if (entry.is_directory()) out.push_back(entry.path().string());
  return out;
}

TEST(BinaryIr, ReadsBackAsItWas) {
  for (const std::string& pack : packs()) {
    SCOPED_TRACE(pack);
    const driver::Compilation c = compiled(pack);
    ASSERT_NE(c.program, nullptr) << base::render_all(c.diagnostics, *c.sources);
    const std::string bytes = serialize(*c.program);
    auto read = deserialize(bytes, c.sources);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(print(*read), print(*c.program));
    EXPECT_EQ(serialize(*read), bytes);
    EXPECT_EQ(read->packages, c.program->packages);
    EXPECT_EQ(read->tests.size(), c.program->tests.size());
    for (uint32_t i = 0; i < read->rules.size(); ++i) {
      const Rule &a = read->rules[i], &b = c.program->rules[i];
      EXPECT_EQ(rule_version(*read, i), rule_version(*c.program, i));
      EXPECT_EQ(std::tie(a.name, a.id, a.owner, a.severity, a.source, a.span, a.when_span, a.clauses, a.clause_spans),
                std::tie(b.name, b.id, b.owner, b.severity, b.source, b.span, b.when_span, b.clauses, b.clause_spans));
    }
    for (NodeId id = 0; id < read->module.size(); ++id) {
      const base::Span *a = read->module.span(id), *b = c.program->module.span(id);
      ASSERT_EQ(a == nullptr, b == nullptr);
      if (a != nullptr) EXPECT_EQ(*a, *b);
    }
    // Nodes that are added to what was read are those it has.
    const size_t before = read->module.size();
    for (NodeId id = 0; id < before; ++id) {
      const Node n = read->module.node(id);
      const std::vector<NodeId> args(read->module.args(id).begin(), read->module.args(id).end());
      const auto flags = static_cast<uint8_t>(n.flags & (kMayError | kMayMissing | kUsesEach));
      EXPECT_EQ(read->module.add(n.op, n.type, args, n.index, n.builtin, flags), id);
    }
  }
}

TEST(BinaryIr, DamageIsRefused) {
  const driver::Compilation c = compiled(WEIR_SOURCE_DIR "/benchmarks/stateless");
  const std::string bytes = serialize(*c.program);
  const auto code = [&](std::string text) { return deserialize(text, c.sources).status().code(); };
  std::string other_version = bytes, flipped = bytes;
  other_version[9] ^= 1;
  flipped[bytes.size() / 2] ^= 1;
  EXPECT_EQ(code(other_version), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(code(flipped), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code(""), absl::StatusCode::kDataLoss);
  for (size_t cut = kIrHeaderBytes; cut < bytes.size(); cut += 97) {
    const std::string body = bytes.substr(kIrHeaderBytes, cut - kIrHeaderBytes);
    EXPECT_EQ(code(ir_header(body) + body), absl::StatusCode::kDataLoss) << cut;
  }
  EXPECT_EQ(deserialize(bytes, std::make_shared<base::SourceMap>()).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir::ir
