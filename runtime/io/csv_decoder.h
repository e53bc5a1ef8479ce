// Rows of RFC 4180: quoted values may hold separators, quotes (doubled) and line ends.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/io/plan.h"
#include "runtime/io/record.h"

namespace weir::io {

// The first row of a file: which column feeds what. Immutable once read.
struct CsvHeader {
  char separator = ',';
  std::vector<std::string> columns;
  size_t type_column = SIZE_MAX;
  std::vector<std::vector<std::vector<uint16_t>>> targets;  // by event of the plan, by column (see KeyNode::targets)
};
// InvalidArgument: not UTF-8, or a column named twice.
absl::StatusOr<CsvHeader> read_csv_header(std::string_view row, const DecodePlan& plan);

// An unquoted empty cell is an absent value, except of a required string, which is empty.
class CsvDecoder {
 public:
  explicit CsvDecoder(const DecodePlan& plan) : plan_(plan) {}
  bool decode(std::string_view row, const CsvHeader& header, RowTarget* target, Reject* reject);

 private:
  struct Cell {
    std::string_view text;
    bool quoted = false;
  };
  bool split(std::string_view row, char separator, value::Arena& arena);
  friend absl::StatusOr<CsvHeader> read_csv_header(std::string_view row, const DecodePlan& plan);

  const DecodePlan& plan_;
  std::vector<Cell> cells_;
};

}  // namespace weir::io
