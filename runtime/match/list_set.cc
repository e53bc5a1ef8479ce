#include "runtime/match/list_set.h"

#include <fmt/format.h>
#include <re2/re2.h>
#include <re2/set.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <string>

#include "runtime/match/cidr_set.h"
#include "runtime/match/domain_set.h"
#include "runtime/match/hash_set.h"

namespace weir::match {
namespace {

using value::ErrorCode;
using value::Kind;
using value::Value;

const value::ErrorInfo kNotAnAddress{"not an IP address"};

absl::Status bad_entry(const ir::List& list, std::string_view entry, std::string_view what) {
  const std::string text = fmt::format("list `{}`: `{}` is not {}", list.name, entry.substr(0, 100), what);
  return absl::InvalidArgumentError(absl::string_view(text.data(), text.size()));
}

class Strings final : public ListSet {
 public:
  explicit Strings(const ir::List& list) {
    set_.reserve(list.values.size());
    for (const std::string& v : list.values) set_.insert(v);
  }
  Value contains(const Value& v) const override {
    return Value::boolean(v.is(Kind::kString) && set_.contains(v.str()));
  }
  size_t size() const override { return set_.size(); }
  size_t bytes() const override { return set_.bytes(); }

 private:
  StringSet set_;
};

// Numbers are equal across kinds, as in CEL: 3u and 3.0 are in a list of 3.
class Ints final : public ListSet {
 public:
  absl::Status fill(const ir::List& list) {
    for (const std::string& text : list.values) {
      int64_t n = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
      if (error != std::errc() || end != text.data() + text.size())
        return bad_entry(list, text, "an integer of 64 bits");
      set_.insert(static_cast<uint64_t>(n));
    }
    return absl::OkStatus();
  }
  Value contains(const Value& v) const override {
    switch (v.kind) {
      case Kind::kInt:
        return Value::boolean(set_.contains(v.u));
      case Kind::kUint:
        return Value::boolean(v.u <= INT64_MAX && set_.contains(v.u));
      case Kind::kDouble:
        return Value::boolean(v.d >= -0x1p63 && v.d < 0x1p63 && std::trunc(v.d) == v.d &&
                              set_.contains(static_cast<uint64_t>(static_cast<int64_t>(v.d))));
      default:
        return Value::boolean(false);
    }
  }
  size_t size() const override { return set_.size(); }
  size_t bytes() const override { return set_.bytes(); }

 private:
  BitsSet set_;
};

class Doubles final : public ListSet {
 public:
  absl::Status fill(const ir::List& list) {
    for (const std::string& text : list.values) {
      double d = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), d);
      if (error != std::errc() || end != text.data() + text.size()) return bad_entry(list, text, "a number");
      if (!std::isnan(d)) set_.insert(bits(d));
    }
    return absl::OkStatus();
  }
  Value contains(const Value& v) const override {
    double d = 0;
    switch (v.kind) {
      case Kind::kDouble:
        d = v.d;
        break;
      case Kind::kInt:
        d = static_cast<double>(v.i);
        if (d >= 0x1p63 || static_cast<int64_t>(d) != v.i) return Value::boolean(false);
        break;
      case Kind::kUint:
        d = static_cast<double>(v.u);
        if (d >= 0x1p64 || static_cast<uint64_t>(d) != v.u) return Value::boolean(false);
        break;
      default:
        return Value::boolean(false);
    }
    return Value::boolean(!std::isnan(d) && set_.contains(bits(d)));
  }
  size_t size() const override { return set_.size(); }
  size_t bytes() const override { return set_.bytes(); }

 private:
  static uint64_t bits(double d) {
    d += 0.0;  // -0.0 and 0.0 are one number
    uint64_t u;
    std::memcpy(&u, &d, sizeof(u));
    return u;
  }
  BitsSet set_;
};

class Cidrs final : public ListSet {
 public:
  absl::Status fill(const ir::List& list) {
    for (const std::string& text : list.values) {
      if (!set_.insert(text)) return bad_entry(list, text, "an IP address or network");
    }
    set_.build();
    return absl::OkStatus();
  }
  Value contains(const Value& v) const override {
    Address address;
    if (v.is(Kind::kIp)) {
      if (v.ip->family == 6) {
        std::memcpy(address.data(), v.ip->bytes, 16);
      } else {
        address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
        std::memcpy(address.data() + 12, v.ip->bytes, 4);
      }
    } else if (!v.is(Kind::kString) || !parse_address(v.str(), &address)) {
      return Value::fail(ErrorCode::kInvalidArgument, &kNotAnAddress);
    }
    return Value::boolean(set_.contains(address));
  }
  size_t size() const override { return set_.size(); }
  size_t bytes() const override { return set_.bytes(); }

 private:
  CidrSet set_;
};

class Domains final : public ListSet {
 public:
  absl::Status fill(const ir::List& list) {
    set_.reserve(list.values.size());
    for (const std::string& text : list.values) {
      if (!set_.insert(text)) return bad_entry(list, text, "a domain name");
    }
    return absl::OkStatus();
  }
  Value contains(const Value& v) const override {
    return Value::boolean(v.is(Kind::kString) && set_.contains(v.str()));
  }
  size_t size() const override { return set_.size(); }
  size_t bytes() const override { return set_.bytes(); }

 private:
  DomainSet set_;
};

// Unanchored, as `matches` is.
class Regexes final : public ListSet {
 public:
  absl::Status fill(const ir::List& list) {
    RE2::Options options;
    options.set_log_errors(false);
    set_ = std::make_unique<RE2::Set>(options, RE2::UNANCHORED);
    for (const std::string& text : list.values) {
      std::string error;
      if (set_->Add(text, &error) < 0) return bad_entry(list, text, fmt::format("a regular expression: {}", error));
      bytes_ += text.size();
    }
    size_ = list.values.size();
    if (size_ > 0 && !set_->Compile())
      return bad_entry(list, list.values[0], "small enough to compile with the others");
    return absl::OkStatus();
  }
  Value contains(const Value& v) const override {
    if (!v.is(Kind::kString) || size_ == 0) return Value::boolean(false);
    std::vector<int> matched;  // asked for because without it RE2 cannot tell a failure from no match
    RE2::Set::ErrorInfo error{};
    if (set_->Match(re2::StringPiece(v.s, v.aux), &matched, &error)) return Value::boolean(true);
    if (error.kind == RE2::Set::kNoError) return Value::boolean(false);
    return Value::fail(ErrorCode::kBudget);
  }
  size_t size() const override { return size_; }
  size_t bytes() const override { return bytes_; }

 private:
  std::unique_ptr<RE2::Set> set_;
  size_t size_ = 0;
  size_t bytes_ = 0;
};

template <typename Set>
absl::StatusOr<std::unique_ptr<ListSet>> filled(const ir::List& list) {
  auto set = std::make_unique<Set>();
  if (absl::Status status = set->fill(list); !status.ok()) return status;
  return std::unique_ptr<ListSet>(std::move(set));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ListSet>> make_list_set(const ir::List& list) {
  switch (list.kind) {
    case ir::ListKind::kString:
      return std::unique_ptr<ListSet>(std::make_unique<Strings>(list));
    case ir::ListKind::kInt:
      return filled<Ints>(list);
    case ir::ListKind::kDouble:
      return filled<Doubles>(list);
    case ir::ListKind::kCidr:
      return filled<Cidrs>(list);
    case ir::ListKind::kDomain:
      return filled<Domains>(list);
    case ir::ListKind::kRegex:
      return filled<Regexes>(list);
  }
  return absl::InternalError("unknown kind of list");
}

}  // namespace weir::match
