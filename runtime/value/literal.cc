// Values as people read them: to_literal and to_text.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "compiler/base/quote.h"
#include "runtime/value/operations.h"
#include "runtime/value/text.h"
#include "runtime/value/utf8.h"

namespace weir::value {
namespace {

constexpr int kDeepest = 64;
// Lists that share parts can be exponentially larger than the memory they take.
constexpr size_t kLongest = size_t{1} << 20;

std::string double_literal(double d) {
  std::string text = format_double(d);
  if (text.find_first_of("NI") != std::string::npos) return fmt::format("double(\"{}\")", text);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// Sizes that people read without counting digits are written out: 1000000, where string(1e6) is "1e+06".
std::string double_text(double d) {
  constexpr double kSmallest = 1e-5, kLargest = 1e15;
  double size = std::fabs(d);
  if (!(size >= kSmallest && size < kLargest)) return format_double(d);
  char buffer[40];  // -0.0000ddddddddddddddddd
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::fixed).ptr);
}

class LiteralWriter {
 public:
  explicit LiteralWriter(std::string& out) : out_(out) {}

  void write(const Value& v, int depth) {
    if (depth > kDeepest || out_.size() > kLongest) {
      out_ += "...";
      return;
    }
    switch (v.kind) {
      case Kind::kMissing:
        out_ += "missing";
        break;
      case Kind::kError:
        out_ += fmt::format("error({})", error_code_name(v.error_code()));
        break;
      case Kind::kNull:
        out_ += "null";
        break;
      case Kind::kBool:
        out_ += v.i != 0 ? "true" : "false";
        break;
      case Kind::kInt:
        out_ += fmt::format("{}", v.i);
        break;
      case Kind::kUint:
        out_ += fmt::format("{}u", v.u);
        break;
      case Kind::kDouble:
        out_ += double_literal(v.d);
        break;
      case Kind::kString:
        base::append_quoted(out_, v.str());
        break;
      case Kind::kBytes:
        out_ += 'b';
        base::append_quoted_bytes(out_, v.str());
        break;
      case Kind::kTimestamp:
        out_ += fmt::format("timestamp(\"{}\")", format_timestamp(v.i, v.aux));
        break;
      case Kind::kDuration:
        out_ += fmt::format("duration(\"{}\")", format_duration(v.i, v.aux));
        break;
      case Kind::kType:
        out_ += v.str();
        break;
      case Kind::kList:
        write_list(*v.list, depth);
        break;
      case Kind::kMap:
        write_map(*v.map, depth);
        break;
      case Kind::kOptional:
        write_optional(v, depth);
        break;
      case Kind::kIp:
        out_ += fmt::format("ip(\"{}\")", format_ip(*v.ip));
        break;
      case Kind::kCidr:
        out_ += fmt::format("cidr(\"{}/{}\")", format_ip(v.cidr->ip), v.cidr->prefix);
        break;
    }
  }

 private:
  // False (after saying so) once the text is too long.
  bool separate(uint32_t i) {
    if (i > 0) out_ += ", ";
    if (out_.size() <= kLongest) return true;
    out_ += "...";
    return false;
  }

  void write_list(const ListRep& list, int depth) {
    out_ += '[';
    for (uint32_t i = 0; i < list.size && separate(i); ++i) write(list.items[i], depth + 1);
    out_ += ']';
  }

  void write_map(const MapRep& map, int depth) {
    out_ += '{';
    for (uint32_t i = 0; i < map.size && separate(i); ++i) {
      write(map.entries[i].key, depth + 1);
      out_ += ": ";
      write(map.entries[i].value, depth + 1);
    }
    out_ += '}';
  }

  void write_optional(const Value& v, int depth) {
    if (v.optional == nullptr) {
      out_ += "optional.none()";
      return;
    }
    out_ += "optional.of(";
    write(*v.optional, depth + 1);
    out_ += ')';
  }

  std::string& out_;
};

}  // namespace

std::string to_literal(const Value& v) {
  std::string out;
  LiteralWriter(out).write(v, 0);
  return out;
}

std::string to_text(const Value& v) {
  switch (v.kind) {
    case Kind::kString:
      return std::string(v.str());
    case Kind::kBytes:
      return valid_utf8(v.str()) ? std::string(v.str()) : to_literal(v);
    case Kind::kUint:
      return fmt::format("{}", v.u);
    case Kind::kDouble:
      return double_text(v.d);
    case Kind::kTimestamp:
      return format_timestamp(v.i, v.aux);
    case Kind::kDuration:
      return format_duration(v.i, v.aux);
    case Kind::kIp:
      return format_ip(*v.ip);
    case Kind::kCidr:
      return fmt::format("{}/{}", format_ip(v.cidr->ip), v.cidr->prefix);
    default:
      return to_literal(v);
  }
}

}  // namespace weir::value
