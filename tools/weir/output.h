// What the verbs write with: colours on a terminal only, aligned tables, numbers for people, a progress bar.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/backtest/proportion.h"

namespace weir::tools {

void set_color(std::string_view mode);  // auto, always, never
bool color_on(int fd);

enum class Style : uint8_t { kPlain, kBold, kDim, kRed, kGreen, kYellow, kCyan };
// The text in a style, if standard output takes colours.
std::string styled(std::string_view text, Style style);

void print(std::string_view text);        // to standard output
void complain(std::string_view message);  // "weir: message" to standard error

// Columns as code points wide as the terminal shows them.
size_t display_width(std::string_view text);
// Control characters out: text from a log must not steer a terminal. Cut to `width` columns with an ellipsis.
std::string printable(std::string_view text, size_t width);

// Columns of the terminal standard output is; of what is no terminal, 160.
size_t terminal_width();

// A heading and a sentence that says what the figures below mean.
std::string section(std::string_view title, std::string_view meaning);

// Cells align: left for text, right for figures. Styles do not disturb the widths.
class Table {
 public:
  enum class Align : uint8_t { kLeft, kRight };
  struct Cell {
    std::string text;
    Style style = Style::kPlain;
    Cell(std::string t, Style s = Style::kPlain) : text(std::move(t)), style(s) {}  // NOLINT: a plain text is a cell
    Cell(const char* t) : text(t) {}                                                // NOLINT
  };
  void column(std::string title, Align align);
  void row(std::vector<Cell> cells);
  std::string render() const;

 private:
  struct Column {
    std::string title;
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

std::string with_commas(uint64_t n);                     // 20,636
std::string counted(uint64_t n, std::string_view what);  // "1 rule", "2 rules": plurals with an s
std::string decimals(double x, int digits);
std::string percent(double share, int digits = 1);  // 0.5 -> "50.0 %"
std::string per_thousand(uint64_t part, uint64_t whole);
std::string share_text(const backtest::Proportion& p);     // "0.98", "–" if undefined
std::string interval_text(const backtest::Proportion& p);  // "0.97–0.99"
std::string bytes_text(uint64_t bytes);                    // "1.2 MB"
std::string duration_text(double seconds);                 // "1.3 s", "2 m 10 s"

// On standard error, on a terminal only, a few times a second: share done, rate, time left.
class Progress {
 public:
  explicit Progress(bool enabled) : enabled_(enabled && isatty(STDERR_FILENO) != 0) {}
  ~Progress() { clear(); }
  // total 0: unknown, so no share and no time left.
  void update(uint64_t events, uint64_t position, uint64_t total);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool enabled_;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now(), last_{};
};

}  // namespace weir::tools
