// JSON bodies: one object whose members are known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/serve/router.h"
#include "tools/weir/json.h"

namespace weir::serve {

// Calls visit(place, depth after it) for each bracket outside of texts, until it returns false. A closing bracket that
// nothing opened leaves the depth at 0. The text need not be JSON.
template <typename Visit>
void each_bracket(std::string_view json, Visit&& visit) {
  size_t depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_text = false;
      }
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (!visit(i, ++depth)) return;
    } else if (c == '}' || c == ']') {
      if (depth > 0) --depth;
      if (!visit(i, depth)) return;
    }
  }
}

// Whether nothing in the text is nested deeper; a text that is no JSON may give either.
bool depth_within(std::string_view json, size_t most);

// A whole number, and nothing else.
bool read_number(std::string_view text, uint64_t* out);
// A proposal's, of the path; false, and answered, if there cannot be such a proposal.
bool read_id(const Exchange& exchange, uint64_t* id, Response* response);

// Members of the request's body, each asked for once. What is wrong with them is kept: finish() tells the first.
class Members {
 public:
  // An empty body is an empty object.
  explicit Members(const Exchange& exchange);

  std::optional<std::string> text(std::string_view name);
  std::string required_text(std::string_view name);
  std::string text_or_empty(std::string_view name) { return text(name).value_or(""); }
  std::optional<uint64_t> count(std::string_view name);
  uint64_t required_count(std::string_view name);
  std::vector<std::string> required_texts(std::string_view name);
  // From 0; 0.2 is 20 %.
  std::optional<double> share(std::string_view name);
  bool flag(std::string_view name);  // false if it is absent
  // Null if it is not there; an object of whatever members.
  tools::Json array(std::string_view name);
  // An object, as text.
  std::optional<std::string> object(std::string_view name);

  // False, and answered, if something is wrong: with the body as such, a member, or one that nobody asked for.
  bool finish(Response* response);
  // For what only the caller can see: the first is told.
  void wrong(std::string_view name, std::string_view why);

 private:
  const tools::Json* find(std::string_view name);

  tools::Json body_;
  int status_ = 0;  // 0: all is well
  std::string detail_;
  std::vector<std::string> known_;
};

}  // namespace weir::serve
