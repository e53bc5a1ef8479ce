// Every visible conformance expression parses, unless a parse or check error is what the case expects; what unparse
// prints reads back as the same tree.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/unit/syntax/parse_helper.h"

namespace weir::syntax {
namespace {

// The value of a string field of a flat JSON line; cases.jsonl is machine-written.
std::string json_field(const std::string& line, const std::string& key) {
  size_t at = line.find("\"" + key + "\": \"");
  if (at == std::string::npos) return {};
  std::string out;
  auto append_code = [&](uint32_t code) {
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
    } else if (code < 0x10000) {
      out += {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
              static_cast<char>(0x80 | (code & 63))};
    } else {
      out += {static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 63)),
              static_cast<char>(0x80 | (code >> 6 & 63)), static_cast<char>(0x80 | (code & 63))};
    }
  };
  for (size_t i = at + key.size() + 5; line[i] != '"'; ++i) {
    if (line[i] != '\\') {
      out += line[i];
      continue;
    }
    switch (line[++i]) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'u': {
        uint32_t code = static_cast<uint32_t>(std::stoul(line.substr(i + 1, 4), nullptr, 16));
        i += 4;
        if (code >= 0xD800 && code < 0xDC00) {
          uint32_t low = static_cast<uint32_t>(std::stoul(line.substr(i + 3, 4), nullptr, 16));
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
          i += 6;
        }
        append_code(code);
        break;
      }
      default:
        out += line[i];
    }
  }
  return out;
}

TEST(Conformance, EveryVisibleCaseParses) {
  std::ifstream cases("/work/shared/cel-conformance/cases.jsonl");
  if (!cases) GTEST_SKIP() << "no /work/shared/cel-conformance/cases.jsonl here";
  std::string line;
  size_t parsed = 0;
  while (std::getline(cases, line)) {
    bool expects_error = line.find("\"eval_error\"") != std::string::npos;
    std::string source = json_field(line, "expr");
    Parsed first(source);
    if (first.expr == nullptr) {
      EXPECT_TRUE(expects_error) << source << "\n" << first.rendered();
      continue;
    }
    ++parsed;
    std::string printed = unparse(*first.expr);
    Parsed second(printed);
    ASSERT_NE(second.expr, nullptr) << source << "\nprinted as " << printed << "\n" << second.rendered();
    EXPECT_EQ(dump(*first.expr), dump(*second.expr)) << source << "\nprinted as " << printed;
  }
  EXPECT_GT(parsed, 1000u);
}

}  // namespace
}  // namespace weir::syntax
