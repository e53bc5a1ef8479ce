#include "compiler/base/diagnostics.h"

#include <gtest/gtest.h>

#include <set>

namespace weir::base {
namespace {

TEST(DiagKinds, CodesAndNamesAreUnique) {
  std::set<uint16_t> codes;
  std::set<std::string_view> names;
  for (const DiagInfo& info : all_diag_kinds()) {
    EXPECT_TRUE(codes.insert(info.code).second) << info.code;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(diag_info(info.kind).code, info.code);
  }
}

TEST(SourceFile, LinesAndColumns) {
  SourceFile file("a", "one\ntwo\r\nd\xC3\xA9j\xC3\xA0 vu\rend");
  EXPECT_EQ(file.line_count(), 4u);
  EXPECT_EQ(file.line_text(2), "two");
  EXPECT_EQ(file.line_text(3), "d\xC3\xA9j\xC3\xA0 vu");
  EXPECT_EQ(file.line_text(4), "end");
  LineColumn at = file.line_column(static_cast<uint32_t>(file.text().find("vu")));
  EXPECT_EQ(at.line, 3u);
  EXPECT_EQ(at.column, 6u) << "columns count code points";
  EXPECT_EQ(file.line_column(1000).line, 4u) << "past the end is the end";
}

std::string rendered(std::string text, uint32_t begin, uint32_t end, const std::string& hint = {}) {
  SourceMap sources;
  FileId id = sources.add("f.weir", std::move(text));
  DiagnosticSink sink;
  auto builder = sink.emit(DiagKind::kSyntaxError, Span{id, begin, end}, "expected `)`, found `]`");
  if (!hint.empty()) builder.hint(hint);
  return render_all(sink.sorted(), sources);
}

TEST(Render, CaretUnderTheSpan) {
  EXPECT_EQ(rendered("let x = (1]\n", 10, 11, "close it"),
            "f.weir:1:11: error[WR0101]: expected `)`, found `]`\n"
            "    1 | let x = (1]\n"
            "      |           ^\n"
            "      = hint: close it\n");
}

TEST(Render, TabsAndWideTextKeepTheCaretAligned) {
  EXPECT_EQ(rendered("\t\"\xE4\xBD\xA0\xE5\xA5\xBD\" abc", 10, 13),
            "f.weir:1:7: error[WR0101]: expected `)`, found `]`\n"
            "    1 |     \"\xE4\xBD\xA0\xE5\xA5\xBD\" abc\n"
            "      |            ^~~\n");
}

TEST(Render, EndOfFileAndEmptyFile) {
  EXPECT_EQ(rendered("", 0, 0),
            "f.weir:1:1: error[WR0101]: expected `)`, found `]`\n"
            "    1 | \n"
            "      | ^\n");
}

TEST(Render, VeryLongLinesAreWindowed) {
  std::string text = rendered(std::string(100000, 'x') + "!" + std::string(100000, 'y'), 100000, 150000);
  EXPECT_LT(text.size(), 500u);
  EXPECT_NE(text.find("...xxxx"), std::string::npos);
  size_t source = text.find("    1 | "), mark = text.find("      | ");
  EXPECT_EQ(text.find('!') - source, text.find('^') - mark);
}

TEST(Render, SecondaryLabelsAndColor) {
  SourceMap sources;
  FileId one = sources.add("a.weir", "abc def\n"), two = sources.add("b.weir", "xyz\n");
  DiagnosticSink sink;
  sink.emit(DiagKind::kDuplicateName, {one, 4, 7}, "`def` is declared twice").label({two, 0, 3}, "first here");
  EXPECT_EQ(render_all(sink.sorted(), sources),
            "a.weir:1:5: error[WR0202]: `def` is declared twice\n"
            "    1 | abc def\n"
            "      |     ^~~\n"
            "      --> b.weir:1:1\n"
            "    1 | xyz\n"
            "      | --- first here\n");
  EXPECT_NE(render_all(sink.sorted(), sources, {.color = true}).find("\x1b["), std::string::npos);
}

TEST(DiagnosticSink, SortsByPositionAndStopsAtTheCap) {
  DiagnosticSink sink(2);
  for (uint32_t i = 5; i > 0; --i) sink.emit(DiagKind::kSyntaxError, {0, i, i}, "m").hint("h");
  EXPECT_EQ(sink.error_count(), 5u);
  ASSERT_EQ(sink.all().size(), 3u);
  EXPECT_EQ(sink.all().back().kind, DiagKind::kTooManyErrors);
  EXPECT_EQ(sink.sorted().front().span.begin, 3u);
}

TEST(DidYouMean, CloseNamesOnly) {
  std::vector<std::string_view> names = {"author", "text", "mentions", "joined"};
  EXPECT_EQ(did_you_mean("autor", names), "author");
  EXPECT_EQ(did_you_mean("mentoins", names), "mentions");
  EXPECT_EQ(did_you_mean("Text", names), "text");
  EXPECT_EQ(did_you_mean("xyz", names), "");
  EXPECT_EQ(did_you_mean("", names), "");
}

}  // namespace
}  // namespace weir::base
