// Words of the rule language that every stage speaks of, from syntax to run time.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::types {

enum class Verdict : uint8_t { kAllow, kReview, kChallenge, kBlock };
inline constexpr Verdict kVerdicts[] = {Verdict::kAllow, Verdict::kReview, Verdict::kChallenge, Verdict::kBlock};
std::string_view verdict_name(Verdict verdict);  // "allow"…

enum class Mode : uint8_t { kShadow, kCanary, kLive, kOff };
std::string_view mode_name(Mode mode);

enum class ListKind : uint8_t { kString, kInt, kDouble, kCidr, kDomain, kRegex };

enum class Aggregation : uint8_t {
  kCount,
  kSum,
  kMin,
  kMax,
  kMean,
  kStddev,
  kDistinct,
  kLast,
  kFirst,
  kTopK,
  kQuantile,
  kEntropy
};
std::string_view aggregation_name(Aggregation aggregation);

enum class WindowKind : uint8_t { kDuration, kLast, kSession, kAll };

enum class EffectKind : uint8_t { kLabel, kUnlabel, kVerdict, kAction, kCase };

enum class TestStepKind : uint8_t {
  kSend,
  kRepeat,
  kWait,
  kExpectFires,
  kExpectLabel,
  kExpectNoLabel,
  kExpectVerdict,
  kExpectThat
};

}  // namespace weir::types
