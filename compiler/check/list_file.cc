#include "compiler/check/list_file.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace weir::check {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Reads one record of RFC 4180; a quoted cell may hold line ends. Advances `at` and counts lines.
std::vector<std::string> read_record(std::string_view text, size_t* at, uint32_t* line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  bool was_quoted = false;
  for (; *at < text.size(); ++*at) {
    char c = text[*at];
    if (c == '\n') ++*line;
    if (quoted) {
      if (c != '"') {
        cells.back() += c;
      } else if (*at + 1 < text.size() && text[*at + 1] == '"') {
        cells.back() += c;
        ++*at;
      } else {
        quoted = false;
      }
      continue;
    }
    if (c == '"' && trim(cells.back()).empty() && !was_quoted) {
      quoted = was_quoted = true;
      cells.back().clear();
    } else if (c == ',') {
      cells.emplace_back();
      was_quoted = false;
    } else if (c == '\n') {
      ++*at;
      break;
    } else {
      cells.back() += c;
    }
  }
  for (std::string& cell : cells) cell = std::string(trim(cell));
  return cells;
}

}  // namespace

ListFile read_list_file(std::string_view text, std::string_view name, bool must_be_csv) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
  ListFile file;
  size_t at = 0;
  uint32_t line = 1;
  // The header is the first line that is neither empty nor a comment.
  size_t header_at = 0;
  uint32_t header_line = 1;
  while (header_at < text.size()) {
    size_t end = std::min(text.find('\n', header_at), text.size());
    std::string_view content = trim(text.substr(header_at, end - header_at));
    if (!content.empty() && content[0] != '#') break;
    header_at = end + 1;
    ++header_line;
  }
  header_at = std::min(header_at, text.size());
  at = header_at;
  line = header_line;
  std::vector<std::string> header = read_record(text, &at, &line);
  auto column = std::find(header.begin(), header.end(), name);
  if (column != header.end()) {
    auto index = static_cast<size_t>(column - header.begin());
    while (at < text.size()) {
      uint32_t begin = line;
      std::vector<std::string> cells = read_record(text, &at, &line);
      if (!cells[0].empty() && cells[0][0] == '#') continue;
      if (index < cells.size() && !cells[index].empty()) file.entries.push_back({std::move(cells[index]), begin});
    }
    return file;
  }
  if (must_be_csv) {
    file.header = std::move(header);
    return file;
  }
  at = 0;
  line = 1;
  while (at < text.size()) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string_view content = trim(text.substr(at, end - at));
    if (!content.empty() && content[0] != '#') file.entries.push_back({std::string(content), line});
    at = end + 1;
    ++line;
  }
  return file;
}

bool leaves_its_directory(std::string_view path) {
  if (!path.empty() && path[0] == '/') return true;
  int depth = 0;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view step = path.substr(at, end - at);
    if (step == "..") {
      if (--depth < 0) return true;
    } else if (!step.empty() && step != ".") {
      ++depth;
    }
    at = end + 1;
  }
  return false;
}

bool is_network(std::string_view text) {
  size_t slash = text.find('/');
  std::string address(text.substr(0, slash));
  unsigned char bytes[16];
  int bits = inet_pton(AF_INET, address.c_str(), bytes) == 1    ? 32
             : inet_pton(AF_INET6, address.c_str(), bytes) == 1 ? 128
                                                                : 0;
  if (bits == 0 || slash == std::string_view::npos) return bits != 0;
  std::string_view length = text.substr(slash + 1);
  int prefix = -1;
  auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), prefix);
  return error == std::errc() && end == length.data() + length.size() && prefix >= 0 && prefix <= bits;
}

bool is_domain(std::string_view text) {
  if (text.substr(0, 2) == "*.") text.remove_prefix(2);
  if (!text.empty() && text[0] == '.') text.remove_prefix(1);
  if (text.empty() || text.size() > 253 || text.back() == '.') return false;
  bool label_empty = true;
  for (unsigned char c : text) {
    if (c == '.') {
      if (label_empty) return false;
      label_empty = true;
      continue;
    }
    bool good =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c >= 0x80;
    if (!good) return false;
    label_empty = false;
  }
  return !label_empty;
}

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    auto byte = static_cast<unsigned char>(text[i]);
    size_t length = byte < 0x80                   ? 1
                    : byte >= 0xC2 && byte < 0xE0 ? 2
                    : byte >= 0xE0 && byte < 0xF0 ? 3
                    : byte >= 0xF0 && byte < 0xF5 ? 4
                                                  : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    if (length == 3) {
      auto second = static_cast<unsigned char>(text[i + 1]);
      if ((byte == 0xE0 && second < 0xA0) || (byte == 0xED && second >= 0xA0)) return false;
    }
    if (length == 4) {
      auto second = static_cast<unsigned char>(text[i + 1]);
      if ((byte == 0xF0 && second < 0x90) || (byte == 0xF4 && second >= 0x90)) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace weir::check
