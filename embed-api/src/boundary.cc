#include "embed-api/src/boundary.h"

#include <algorithm>
#include <cstddef>
#include <exception>

namespace weir::embed {
namespace {

uint8_t fault_of(weir_status code) {
  switch (code) {
    case WEIR_E_COMPILE:
      return WEIR_FAULT_AUTHOR;
    case WEIR_E_DATA:
      return WEIR_FAULT_DATA;
    case WEIR_E_NOMEM:
    case WEIR_E_INTERNAL:
      return WEIR_FAULT_WEIR;
    default:
      return WEIR_FAULT_CALLER;
  }
}

// How much of a text of n bytes fits, cut between code points.
size_t fitting(std::string_view text, size_t n) {
  if (text.size() <= n) return text.size();
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80) --n;
  return n;
}

}  // namespace

weir_status report(weir_error* err, weir_status code, std::string_view message) noexcept {
  if (err == nullptr || err->struct_size < offsetof(weir_error, at_fault)) return code;
  weir_error full = {};
  full.struct_size = err->struct_size;
  full.code = code;
  full.at_fault = code == WEIR_OK ? 0 : fault_of(code);
  full.retriable = code == WEIR_E_CONFLICT || code == WEIR_E_NOMEM || code == WEIR_E_IO;
  const size_t room = std::min<size_t>(err->struct_size, sizeof(weir_error));
  if (room > offsetof(weir_error, message)) {
    size_t n = fitting(message, room - offsetof(weir_error, message) - 1);
    for (size_t i = 0; i < n; ++i) full.message[i] = message[i] == '\n' || message[i] == '\0' ? ' ' : message[i];
  }
  std::memcpy(err, &full, room);
  return code;
}

weir_status report(weir_error* err, const absl::Status& status, weir_status code) noexcept {
  return report(err, code, std::string_view(status.message().data(), status.message().size()));
}

weir_status report_exception(weir_error* err) noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return report(err, WEIR_E_NOMEM, "out of memory");
  } catch (const std::length_error&) {
    return report(err, WEIR_E_LIMIT, "larger than memory can address");
  } catch (const std::exception& e) {
    return report(err, WEIR_E_INTERNAL, e.what());
  } catch (...) {
    return report(err, WEIR_E_INTERNAL, "unknown exception");
  }
}

weir_status read_struct(const void* in, void* out, size_t size, std::string_view name, weir_error* err) noexcept {
  uint32_t given = 0;
  std::memcpy(&given, in, sizeof(given));
  if (given < sizeof(given) || given > kMaxStructSize)
    return fail(err, WEIR_E_ABI, "{}.struct_size is {}: set it to sizeof({})", name, given, name);
  const char* bytes = static_cast<const char*>(in);
  if (given > size && std::any_of(bytes + size, bytes + given, [](char c) { return c != 0; }))
    return fail(err, WEIR_E_ABI, "{} sets fields that this library does not know: it is older than the header", name);
  std::memcpy(out, in, std::min<size_t>(given, size));
  return WEIR_OK;
}

weir_status write_struct(const void* full, void* out, size_t size) noexcept {
  uint32_t given = 0;
  std::memcpy(&given, out, sizeof(given));
  if (given < sizeof(given) || given > kMaxStructSize) return WEIR_E_ABI;
  // struct_size stays the caller's: it is how long the caller's struct is, not ours.
  const size_t known = std::min<size_t>(given, size);
  if (known > sizeof(given))
    std::memcpy(static_cast<char*>(out) + sizeof(given), static_cast<const char*>(full) + sizeof(given),
                known - sizeof(given));
  if (given > size) std::memset(static_cast<char*>(out) + size, 0, given - size);
  return WEIR_OK;
}

}  // namespace weir::embed
