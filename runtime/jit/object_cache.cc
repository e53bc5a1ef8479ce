#include "runtime/jit/object_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <vector>

namespace weir::jit {
namespace {

constexpr char kMagic[8] = {'W', 'E', 'I', 'R', 'O', 'B', 'J', '1'};
constexpr uint64_t kMaxObject = uint64_t{256} << 20;
constexpr std::string_view kSuffix = ".obj", kHalfWritten = ".tmp";
constexpr time_t kAbandoned = 3600;  // s

struct Header {
  char magic[8];
  uint64_t key_hi, key_lo;
  uint64_t size;
  uint64_t sum_hi, sum_lo;
};
static_assert(sizeof(Header) == 48);

Header header_of(const ObjectCache::Key& key, std::string_view object) {
  Header header{{}, key.hi, key.lo, object.size(), 0, 0};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  const ObjectCache::Key sum = ObjectCache::key_of(object);
  header.sum_hi = sum.hi;
  header.sum_lo = sum.lo;
  return header;
}

std::string name_of(const ObjectCache::Key& key) { return fmt::format("{:016x}{:016x}{}", key.hi, key.lo, kSuffix); }

// Closes when it goes.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// This user's, and nobody else may look or write.
bool is_private(const struct stat& status) { return status.st_uid == geteuid() && (status.st_mode & 077) == 0; }

bool read_all(int file, char* out, size_t size) {
  while (size > 0) {
    const ssize_t n = ::read(file, out, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    out += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

bool write_all(int file, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(file, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

absl::Status unusable(const std::string& directory, std::string_view why) {
  const std::string text = fmt::format("cache directory `{}`: {}", directory, why);
  return absl::FailedPreconditionError(absl::string_view(text.data(), text.size()));
}

}  // namespace

ObjectCache::Key ObjectCache::key_of(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

absl::StatusOr<std::unique_ptr<ObjectCache>> ObjectCache::open(const std::string& directory) {
  std::string path = directory;
  while (path.size() > 1 && path.back() == '/') path.pop_back();  // else a link would be followed
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return unusable(directory, std::strerror(errno));
  const int opened = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0) return unusable(directory, std::strerror(errno));
  std::unique_ptr<ObjectCache> cache(new ObjectCache(opened));
  struct stat status;
  if (::fstat(opened, &status) != 0) return unusable(directory, std::strerror(errno));
  if (status.st_uid != geteuid()) return unusable(directory, "it is another user's");
  if (!is_private(status)) return unusable(directory, "others may use it: chmod 700");
  return cache;
}

ObjectCache::~ObjectCache() { ::close(directory_); }

std::unique_ptr<llvm::MemoryBuffer> ObjectCache::find(const Key& key) {
  // Not blocking, in case somebody put a pipe there.
  const File file(::openat(directory_, name_of(key).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return nullptr;
  if (!S_ISREG(status.st_mode) || !is_private(status)) return nullptr;
  Header header;
  if (!read_all(file.get(), reinterpret_cast<char*>(&header), sizeof header)) return nullptr;
  if (header.size > kMaxObject || static_cast<uint64_t>(status.st_size) != sizeof header + header.size) return nullptr;
  auto object = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(header.size, "unit");
  if (object == nullptr || !read_all(file.get(), object->getBufferStart(), header.size)) return nullptr;
  const Header expected = header_of(key, {object->getBufferStart(), object->getBufferSize()});
  if (std::memcmp(&header, &expected, sizeof header) != 0) return nullptr;
  ::futimens(file.get(), nullptr);  // used just now
  return object;
}

void ObjectCache::store(const Key& key, std::string_view object) {
  const std::string name = name_of(key);
  const std::string beside = fmt::format("{}.{}.{}{}", name, ::getpid(), written_++, kHalfWritten);
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  {
    const File file(::openat(directory_, beside.c_str(), flags, 0600));
    if (file.get() < 0) return;
    const Header header = header_of(key, object);
    if (!write_all(file.get(), reinterpret_cast<const char*>(&header), sizeof header) ||
        !write_all(file.get(), object.data(), object.size())) {
      ::unlinkat(directory_, beside.c_str(), 0);
      return;
    }
  }
  if (::renameat(directory_, beside.c_str(), directory_, name.c_str()) != 0) ::unlinkat(directory_, beside.c_str(), 0);
}

void ObjectCache::trim(uint64_t max_bytes) {
  DIR* listing = ::fdopendir(::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (listing == nullptr) return;
  struct Entry {
    std::string name;
    timespec used;
    uint64_t size;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  const time_t now = std::time(nullptr);
  while (const dirent* found = ::readdir(listing)) {
    const std::string name = found->d_name;
    struct stat status;
    if (::fstatat(directory_, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) continue;
    if (name.ends_with(kHalfWritten) && status.st_mtim.tv_sec + kAbandoned < now)
      ::unlinkat(directory_, name.c_str(), 0);
    if (!name.ends_with(kSuffix)) continue;
    entries.push_back({name, status.st_mtim, static_cast<uint64_t>(status.st_size)});
    total += entries.back().size;
  }
  ::closedir(listing);
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::pair(e.used.tv_sec, e.used.tv_nsec); });
  for (const Entry& oldest : entries) {
    if (total <= max_bytes) break;
    if (::unlinkat(directory_, oldest.name.c_str(), 0) == 0) total -= oldest.size;
  }
}

}  // namespace weir::jit
