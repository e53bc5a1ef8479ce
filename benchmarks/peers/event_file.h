// Reads events.bin (workload.py: write_events). Texts point into the file's bytes, which live as long as the reader.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace peer {

struct Texts {
  const std::string_view* first = nullptr;
  const std::string_view* last = nullptr;
  const std::string_view* begin() const { return first; }
  const std::string_view* end() const { return last; }
};

class EventFile {
 public:
  explicit EventFile(const char* path) {
    std::ifstream in(path, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(in), {});
    count_ = bytes_.size() < 8 ? 0 : number<uint64_t>();
  }
  size_t count() const { return count_; }

  // The next field of the next event.
  void read(bool& v) { v = number<int64_t>() != 0; }
  void read(int64_t& v) { v = number<int64_t>(); }
  void read(double& v) { v = number<double>(); }
  void read(std::string_view& v) {
    size_t size = number<uint32_t>();
    v = std::string_view(bytes_).substr(at_, size);
    at_ += size;
  }
  void read(Texts& v) {
    auto& items = lists_.emplace_back(number<uint32_t>());
    for (std::string_view& item : items) read(item);
    v = {items.data(), items.data() + items.size()};
  }

 private:
  template <class T>
  T number() {
    T v;
    std::memcpy(&v, bytes_.data() + at_, sizeof v);
    at_ += sizeof v;
    return v;
  }

  std::string bytes_;
  std::deque<std::vector<std::string_view>> lists_;
  size_t at_ = 0, count_ = 0;
};

}  // namespace peer
