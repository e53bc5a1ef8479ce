#include "tools/weir/output.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace weir::tools {
namespace {

std::string g_color = "auto";

std::string_view code_of(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kRed:
      return "\x1b[31m";
    case Style::kGreen:
      return "\x1b[32m";
    case Style::kYellow:
      return "\x1b[33m";
    case Style::kCyan:
      return "\x1b[36m";
  }
  return "";
}

// The code point at the front; its length in bytes, or 1 and -1 if it is not UTF-8.
size_t next_code(std::string_view text, int32_t* code) {
  utf8proc_ssize_t n = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                        static_cast<utf8proc_ssize_t>(text.size()), code);
  if (n > 0) return static_cast<size_t>(n);
  *code = -1;
  return 1;
}

}  // namespace

void set_color(std::string_view mode) { g_color = mode; }

bool color_on(int fd) {
  if (g_color != "auto") return g_color == "always";
  const char* term = getenv("TERM");
  return isatty(fd) != 0 && getenv("NO_COLOR") == nullptr && !(term != nullptr && std::string_view(term) == "dumb");
}

std::string styled(std::string_view text, Style style) {
  if (style == Style::kPlain || !color_on(STDOUT_FILENO)) return std::string(text);
  return fmt::format("{}{}\x1b[0m", code_of(style), text);
}

void print(std::string_view text) { fwrite(text.data(), 1, text.size(), stdout); }

void complain(std::string_view message) { fmt::print(stderr, "weir: {}\n", message); }

size_t display_width(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    int32_t code = 0;
    text.remove_prefix(next_code(text, &code));
    width += code < 0 ? 1 : static_cast<size_t>(std::max(0, utf8proc_charwidth(code)));
  }
  return width;
}

std::string printable(std::string_view text, size_t width) {
  std::string out;
  size_t used = 0;
  while (!text.empty()) {
    int32_t code = 0;
    size_t n = next_code(text, &code);
    bool control = code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
                   (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029;
    size_t w = control ? 1 : static_cast<size_t>(std::max(0, utf8proc_charwidth(code)));
    if (used + w > width - 1 && display_width(text) > width - used) return out + "…";
    if (control) {
      out += code == '\n' || code == '\t' || code == '\r' ? ' ' : '?';
    } else {
      out += text.substr(0, n);
    }
    used += w;
    text.remove_prefix(n);
  }
  return out;
}

size_t terminal_width() {
  constexpr size_t kDefault = 160, kNarrowest = 40;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefault;
  return std::max<size_t>(size.ws_col, kNarrowest);
}

std::string counted(uint64_t n, std::string_view what) {
  return fmt::format("{} {}{}", with_commas(n), what, n == 1 ? "" : "s");
}

std::string section(std::string_view title, std::string_view meaning) {
  return fmt::format("\n{}\n{}\n", styled(title, Style::kBold), styled(meaning, Style::kDim));
}

void Table::column(std::string title, Align align) { columns_.push_back({std::move(title), align}); }

void Table::row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }

std::string Table::render() const {
  std::vector<size_t> widths;
  for (size_t c = 0; c < columns_.size(); ++c) {
    size_t width = display_width(columns_[c].title);
    for (const auto& row : rows_)
      if (c < row.size()) width = std::max(width, display_width(row[c].text));
    widths.push_back(width);
  }
  std::string out;
  auto put = [&](const std::vector<Cell>& cells) {
    std::string line = "  ";
    for (size_t c = 0; c < columns_.size() && c < cells.size(); ++c) {
      std::string pad(widths[c] - std::min(widths[c], display_width(cells[c].text)), ' ');
      std::string text = styled(cells[c].text, cells[c].style);
      line += columns_[c].align == Align::kRight ? pad + text : text + pad;
      if (c + 1 < columns_.size()) line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  std::vector<Cell> titles;
  bool titled = false;
  for (const Column& column : columns_) {
    titles.emplace_back(column.title, Style::kCyan);
    titled = titled || !column.title.empty();
  }
  if (titled) put(titles);
  for (const auto& row : rows_) put(row);
  return out;
}

std::string with_commas(uint64_t n) {
  std::string digits = fmt::format("{}", n), out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string decimals(double x, int digits) { return fmt::format("{:.{}f}", x, digits); }

std::string percent(double share, int digits) { return fmt::format("{:.{}f} %", share * 100, digits); }

std::string per_thousand(uint64_t part, uint64_t whole) {
  return whole == 0 ? "–" : decimals(1000.0 * static_cast<double>(part) / static_cast<double>(whole), 1);
}

std::string share_text(const backtest::Proportion& p) { return p.defined() ? decimals(p.value(), 3) : "–"; }

std::string interval_text(const backtest::Proportion& p) {
  return p.defined() ? fmt::format("{:.3f}–{:.3f}", p.low(), p.high()) : "";
}

std::string bytes_text(uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double x = static_cast<double>(bytes);
  for (const char* unit : {"kB", "MB", "GB"}) {
    x /= 1000;
    if (x < 1000 || unit[0] == 'G') return fmt::format("{:.1f} {}", x, unit);
  }
  return "";
}

std::string duration_text(double seconds) {
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  auto whole = static_cast<uint64_t>(seconds);
  if (whole < 3600) return fmt::format("{} m {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} m", whole / 3600, whole / 60 % 60);
}

void Progress::update(uint64_t events, uint64_t position, uint64_t total) {
  if (!enabled_) return;
  auto now = Clock::now();
  if (now - last_ < std::chrono::milliseconds(200)) return;
  last_ = now;
  double seconds = std::chrono::duration<double>(now - start_).count();
  if (seconds < 0.3) return;  // short runs show no bar at all
  std::string rate = fmt::format("{} events, {} a second", with_commas(events),
                                 with_commas(static_cast<uint64_t>(static_cast<double>(events) / seconds)));
  if (total > 0) {
    double share = std::min(1.0, static_cast<double>(position) / static_cast<double>(total));
    auto filled = static_cast<size_t>(share * 24);
    std::string bar;
    for (size_t i = 0; i < 24; ++i) bar += i < filled ? "█" : "░";
    std::string left = share > 0.005 ? ", " + duration_text(seconds * (1 - share) / share) + " left" : "";
    fmt::print(stderr, "\r\x1b[K{} {:3.0f} %  {}{}", bar, share * 100, rate, left);
  } else {
    fmt::print(stderr, "\r\x1b[K{}", rate);
  }
  fflush(stderr);
  shown_ = true;
}

void Progress::clear() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
}

}  // namespace weir::tools
