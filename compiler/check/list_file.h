// Entries of a list file: one value a line with `#` comments, or one column of a CSV file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::check {

struct ListEntry {
  std::string value;
  uint32_t line = 0;  // from 1
};

struct ListFile {
  std::vector<ListEntry> entries;
  std::vector<std::string> header;  // of a CSV file without the column that was asked for; entries are empty then
};

// The file is read as CSV if its first line has a cell `name`, or if `must_be_csv`. Cells may be quoted as in RFC 4180;
// empty cells are no entries, since columns may differ in length.
ListFile read_list_file(std::string_view text, std::string_view name, bool must_be_csv);

// Whether a path, from the directory that it is relative to, leads out of that directory; as text, links not followed.
bool leaves_its_directory(std::string_view path);

// What a list of networks holds: an address, or an address with a prefix length.
bool is_network(std::string_view text);
// A domain name, with an optional leading `*.` or dot.
bool is_domain(std::string_view text);
bool is_utf8(std::string_view text);

}  // namespace weir::check
