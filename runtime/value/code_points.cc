#include "runtime/value/code_points.h"

#include <utf8proc.h>

#include <cstring>
#include <iterator>
#include <memory>

#include "runtime/value/fold_options.h"
#include "runtime/value/unicode.h"

namespace weir::value {
namespace {

static_assert(UTF8PROC_CATEGORY_LU == 1 && UTF8PROC_CATEGORY_MN == 6 && UTF8PROC_CATEGORY_ME == 8 &&
              UTF8PROC_CATEGORY_ND == 9 && UTF8PROC_CATEGORY_NO == 11);

// Whether a code point that decomposition left can be moved before the one in front of it, or composed with it. Only
// marks and the vowels and finals of Hangul can; of letters beyond the tables of today's Unicode nothing is claimed.
bool sticks(utf8proc_int32_t c) {
  const utf8proc_property_t* p = utf8proc_get_property(c);
  if (p->combining_class != 0 || p->category == UTF8PROC_CATEGORY_CN) return true;
  if (p->category >= UTF8PROC_CATEGORY_MN && p->category <= UTF8PROC_CATEGORY_ME) return true;
  return c >= 0x1160 && c <= 0x11FF;
}

CodePointInfo describe(char32_t c) {
  CodePointInfo out;
  const auto point = static_cast<utf8proc_int32_t>(c);
  const auto category = utf8proc_category(point);
  if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO) out.flags |= CodePointInfo::kWord;
  if (c >= 0xD800 && c <= 0xDFFF) return out;
  char text[4];
  const size_t length = utf8::encode(c, text);
  utf8proc_int32_t points[32];
  utf8proc_ssize_t count =
      utf8proc_decompose(reinterpret_cast<const utf8proc_uint8_t*>(text), static_cast<utf8proc_ssize_t>(length), points,
                         std::size(points) - 1, kFoldOptions);
  if (count < 0 || count >= static_cast<utf8proc_ssize_t>(std::size(points))) return out;
  if (count > 0 && sticks(points[0])) return out;
  count = utf8proc_reencode(points, count, kFoldOptions);
  if (count < 0 || count > static_cast<utf8proc_ssize_t>(CodePointInfo::kMaxFolded)) return out;
  out.flags |= CodePointInfo::kApart;
  out.size = static_cast<uint8_t>(count);
  std::memcpy(out.folded, points, static_cast<size_t>(count));
  return out;
}

}  // namespace

const CodePoints& CodePoints::get() {
  static const CodePoints& table = *new CodePoints;  // threads may outlive what main has
  return table;
}

const CodePoints::Block& CodePoints::make(char32_t block) const {
  auto made = std::make_unique<Block>();
  for (char32_t i = 0; i < made->size(); ++i) (*made)[i] = describe(block << 8 | i);
  const Block* expected = nullptr;
  if (blocks_[block].compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) return *made.release();
  return *expected;  // another thread was first
}

}  // namespace weir::value
