// The rules of weir.h in one place: structs that grow, errors filled inline, exceptions that stop here.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <new>
#include <string_view>

#include "absl/status/status.h"
#include "weir/weir.h"

namespace weir::embed {

// A struct_size above this is taken for one that was never set.
inline constexpr uint32_t kMaxStructSize = 64 * 1024;

inline std::string_view view(weir_str s) {
  return s.ptr == nullptr ? std::string_view() : std::string_view(s.ptr, s.len);
}
inline weir_str str(std::string_view s) { return {s.data(), s.size()}; }

// Writes code and message as far as err->struct_size lets it; never allocates. Returns the code.
weir_status report(weir_error* err, weir_status code, std::string_view message) noexcept;
weir_status report(weir_error* err, const absl::Status& status, weir_status code) noexcept;

// report() with a format. Formats into a buffer on the stack: what does not fit is cut.
template <typename... Args>
weir_status fail(weir_error* err, weir_status code, fmt::format_string<Args...> format, Args&&... args) noexcept {
  try {
    char text[sizeof(weir_error::message)];
    auto end = fmt::format_to_n(text, sizeof(text), format, std::forward<Args>(args)...);
    return report(err, code, {text, static_cast<size_t>(end.out - text)});
  } catch (...) {
    return report(err, code, "");
  }
}

// The catch of a call's last resort: what is in flight becomes a status.
weir_status report_exception(weir_error* err) noexcept;

// Runs a call's body. It returns a weir_status, having reported what is not WEIR_OK.
template <typename Body>
weir_status call(weir_error* err, Body&& body) noexcept {
  try {
    weir_status status = body();
    if (status == WEIR_OK) report(err, WEIR_OK, "");
    return status;
  } catch (...) {
    return report_exception(err);
  }
}

// Copies a caller's struct: fields it lacks stay zero. WEIR_E_ABI if it has more than this library knows.
weir_status read_struct(const void* in, void* out, size_t size, std::string_view name, weir_error* err) noexcept;
template <typename T>
weir_status read_options(const T* in, T* out, std::string_view name, weir_error* err) noexcept {
  *out = T{};
  return in == nullptr ? WEIR_OK : read_struct(in, out, sizeof(T), name, err);
}

// Fills a caller's struct as far as its struct_size goes; what this library does not know is zeroed.
weir_status write_struct(const void* full, void* out, size_t size) noexcept;
template <typename T>
weir_status write_out(const T& full, T* out) noexcept {
  return out == nullptr ? WEIR_E_ARG : write_struct(&full, out, sizeof(T));
}

}  // namespace weir::embed

// The first lines of most calls: WEIR_E_ARG naming the argument that may not be NULL.
#define WEIR_REQUIRE(argument, err) \
  if ((argument) == nullptr) return ::weir::embed::report(err, WEIR_E_ARG, "`" #argument "` is NULL")
// A text argument that claims a length must have bytes.
#define WEIR_REQUIRE_TEXT(argument, err)                \
  if ((argument).ptr == nullptr && (argument).len != 0) \
  return ::weir::embed::report(err, WEIR_E_ARG, "`" #argument "` has a length but is NULL")
