#include "runtime/value/confusables.h"

#include <utf8proc.h>

#include <charconv>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir::value {
namespace {

// One class of look-alikes a line: code points in hexadecimal, separated by commas; # begins a comment.
constexpr char kHomoglyphs[] =
#include "data/char_codes.inc"
    ;

using Class = std::vector<char32_t>;

std::vector<Class> read_classes() {
  std::vector<Class> classes;
  std::string_view text(kHomoglyphs, sizeof kHomoglyphs - 1);
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line[0] == '#') continue;
    Class members;
    while (!line.empty()) {
      size_t comma = line.find(',');
      std::string_view field = line.substr(0, comma);
      uint32_t code = 0;
      std::from_chars(field.data(), field.data() + field.size(), code, 16);
      if (code != 0) members.push_back(code);
      line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 1);
    }
    classes.push_back(std::move(members));
  }
  return classes;
}

char32_t fold_case(char32_t c) { return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))); }

// The ASCII letter of a class, else its ASCII digit, else its first member.
char32_t choose(const Class& members) {
  char32_t digit = 0;
  for (char32_t c : members) {
    char32_t folded = fold_case(c);
    if (folded >= 'a' && folded <= 'z') return folded == 'i' ? 'l' : folded;
    if (c >= '0' && c <= '9' && digit == 0) digit = c;
  }
  return digit != 0 ? digit : members.front();
}

using Table = std::unordered_map<char32_t, char32_t>;

// Classes that hold an ASCII letter or digit go first: where classes overlap they decide. The lower case of a member is
// a member too, since representative() sees folded texts.
Table make_table() {
  std::vector<Class> classes = read_classes();
  Table table{{U'i', U'l'}, {U'1', U'l'}, {U'|', U'l'}, {U'0', U'o'}};
  for (bool ascii : {true, false}) {
    for (const Class& members : classes) {
      char32_t chosen = choose(members);
      bool is_alphanumeric = (chosen >= 'a' && chosen <= 'z') || (chosen >= '0' && chosen <= '9');
      if (is_alphanumeric != ascii) continue;
      for (char32_t c : members) {
        if (c >= 0x80) table.emplace(c, chosen);
      }
      for (char32_t c : members) {
        if (ascii && fold_case(c) >= 0x80) table.emplace(fold_case(c), chosen);
      }
    }
  }
  return table;
}

}  // namespace

char32_t representative(char32_t c) {
  static const Table table = make_table();
  auto found = table.find(c);
  return found == table.end() ? c : found->second;
}

}  // namespace weir::value
