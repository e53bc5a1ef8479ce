// How things become bytes and back: little-endian, small numbers as varints, nothing aligned.
//
// What is read may be any bytes. A ByteReader never reads past its input nor lets the input make it allocate more than
// its memory limit; the first failure sticks, every later read gives zero, and the caller looks at ok() once at the
// end. Loops over what was read must end when ok() turns false.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

static_assert(std::endian::native == std::endian::little, "fixed-width numbers are copied as they are");

namespace weir::base {

class ByteWriter {
 public:
  void u8(uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void fixed32(uint32_t v) { raw(&v, sizeof(v)); }
  void fixed64(uint64_t v) { raw(&v, sizeof(v)); }
  void dbl(double v) { raw(&v, sizeof(v)); }
  void varint(uint64_t v) {
    char bytes[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) bytes[n++] = static_cast<char>(v | 0x80);
    bytes[n++] = static_cast<char>(v);
    out_.append(bytes, n);
  }
  void zigzag(int64_t v) { varint((static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63)); }
  void text(std::string_view v) {
    varint(v.size());
    out_.append(v);
  }
  void raw(const void* data, size_t size) { out_.append(static_cast<const char*>(data), size); }

  size_t size() const { return out_.size(); }
  const std::string& bytes() const { return out_; }
  std::string take() { return std::exchange(out_, {}); }
  void clear() { out_.clear(); }  // keeps its memory

 private:
  std::string out_;
};

class ByteReader {
 public:
  static constexpr size_t kUnlimited = SIZE_MAX;

  // The bytes must outlive the reader. `memory`: what allocations made for the input may come to.
  explicit ByteReader(std::string_view bytes, size_t memory = kUnlimited)
      : next_(bytes.data()), end_(bytes.data() + bytes.size()), memory_(memory) {}

  uint8_t u8() {
    if (next_ == end_) return fail("it ends too early"), uint8_t{0};
    return static_cast<uint8_t>(*next_++);
  }
  uint32_t fixed32() { return fixed<uint32_t>(); }
  uint64_t fixed64() { return fixed<uint64_t>(); }
  double dbl() { return fixed<double>(); }
  uint64_t varint() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = u8();
      if (shift == 63 && byte > 1) break;
      v |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return v;
    }
    fail("a number is too large");
    return 0;
  }
  int64_t zigzag() {
    const uint64_t v = varint();
    return static_cast<int64_t>((v >> 1) ^ (~(v & 1) + 1));
  }
  std::string_view text() { return raw(varint()); }  // into the input
  std::string_view raw(uint64_t size) {
    if (size > left()) return fail("it ends too early"), std::string_view();
    const std::string_view out(next_, size);
    next_ += size;
    return out;
  }
  // A number of things that take at least `bytes_each` (> 0) of the input.
  size_t count(size_t bytes_each) {
    const uint64_t n = varint();
    if (n <= left() / bytes_each) return n;
    fail("a count is larger than what follows");
    return 0;
  }
  // Room for as many things as the container had, which is at least as many as it has.
  size_t capacity(size_t at_least, size_t bytes_each) {
    const uint64_t n = varint();
    if (n < at_least) {
      fail("a capacity is smaller than what it holds");
    } else if (allocates(n, bytes_each)) {
      return n;
    }
    return at_least;
  }
  // To be called before every allocation whose size the input decides. False, and a failure, past the limit.
  bool allocates(uint64_t n, size_t bytes_each) {
    if (!ok_) return false;
    if (n > memory_ / bytes_each) return fail("it takes more memory than allowed");
    if (memory_ != kUnlimited) memory_ -= n * bytes_each;
    return true;
  }

  bool at(uint8_t byte) const { return next_ != end_ && static_cast<uint8_t>(*next_) == byte; }

  size_t left() const { return static_cast<size_t>(end_ - next_); }
  bool ok() const { return ok_; }
  bool fail(const char* what) {  // false
    if (ok_) failure_ = what;
    ok_ = false;
    next_ = end_;
    return false;
  }
  // To follow the name of what was read: "it ends too early". Empty if there is none.
  const char* failure() const { return failure_; }

 private:
  template <typename T>
  T fixed() {
    T v{};
    if (left() < sizeof(T)) {
      fail("it ends too early");
      return v;
    }
    std::memcpy(&v, next_, sizeof(T));
    next_ += sizeof(T);
    return v;
  }

  const char* next_;
  const char* end_;
  size_t memory_;
  const char* failure_ = "";
  bool ok_ = true;
};

}  // namespace weir::base
