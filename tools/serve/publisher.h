// From a proposal to the generation that decides: two people, compare-and-swap, the way back.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/bundle/bundle.h"
#include "tools/serve/audit.h"
#include "tools/serve/deciders.h"
#include "tools/serve/rule_set.h"

namespace weir::serve {

struct Proposal {
  enum class Stage : uint8_t { kOpen, kPublished, kRejected };
  uint64_t id = 0;
  uint64_t expected = 0;               // the generation it is to follow
  std::shared_ptr<const RuleSet> set;  // null once it is not open any more
  std::string digest, author, reason;
  int64_t wall_nanos = 0;
  bundle::RuleChanges changes;  // against the generation it is to follow
  tools::Json warnings;
  Stage stage = Stage::kOpen;
  std::string decided_by, decided_reason;
  uint64_t generation = 0;  // that it became
};
std::string_view stage_name(Proposal::Stage stage);

// The last load that failed, for as long as no later one succeeded.
struct LoadError {
  LoadFailure failure;
  int64_t wall_nanos = 0;
  std::string by;
  uint64_t still = 0;  // the generation that goes on
};

struct RuleFile {
  std::string path, text;
};

// A publication that was there before, and how to come back to it.
struct PastGeneration {
  uint64_t number = 0;
  std::string digest, name, proposed_by, by, reason;
  uint64_t sequence = 0;
  int64_t wall_nanos = 0;
  std::shared_ptr<const bundle::Bundle> bundle;  // of the last kKeptBundles only
};

// Calls that change something come one at a time (the change thread); those that look may come from any thread.
class Publisher {
 public:
  static constexpr size_t kMostOpen = 32;     // proposals
  static constexpr size_t kMostClosed = 200;  // remembered
  static constexpr size_t kKeptBundles = 20;  // generations one can go back to
  static constexpr size_t kKeptGenerations = 1000;

  Publisher(Deciders* deciders, Audit* audit, LoadOptions options, bundle::Trust trust);

  // Of files: weir.yaml, rules by `.weir`, and list files by the paths that rules name. Or of a bundle. On failure
  // nothing changes but last_error().
  absl::StatusOr<Proposal> propose(std::vector<RuleFile> files, uint64_t expected, std::string_view author,
                                   std::string_view reason, LoadFailure* failure);
  absl::StatusOr<Proposal> propose(std::string_view bundle, uint64_t expected, std::string_view author,
                                   std::string_view reason, LoadFailure* failure);
  // NotFound; PermissionDenied: by its author; Aborted: not open, or another generation than expected is current.
  absl::StatusOr<Proposal> approve(uint64_t id, std::string_view by, std::string_view reason);
  absl::StatusOr<Proposal> reject(uint64_t id, std::string_view by, std::string_view reason);
  // A generation that was published before decides again, as a new generation. Not with trusted keys: they are there so
  // that no older release comes back.
  absl::StatusOr<PastGeneration> roll_back(uint64_t to, uint64_t expected, std::string_view by,
                                           std::string_view reason);

  // What the server was started with has changed on the disk: it decides at once, or last_error() says why not. Nothing
  // is done if it is the set that decides already.
  absl::Status reload(std::shared_ptr<const RuleSet> set, const LoadFailure& failure);

  std::vector<Proposal> proposals() const;  // newest first
  absl::StatusOr<Proposal> proposal(uint64_t id) const;
  std::vector<PastGeneration> generations() const;  // newest first
  std::optional<LoadError> last_error() const;
  uint64_t load_failures() const;
  uint64_t published() const;

 private:
  absl::Status check_expected(uint64_t expected) const;
  absl::StatusOr<Proposal> add(std::shared_ptr<const RuleSet> set, uint64_t expected, std::string_view author,
                               std::string_view reason);
  void note_failure(const LoadFailure& failure, std::string_view by);
  absl::StatusOr<uint64_t> publish(std::shared_ptr<const RuleSet> set, std::string_view step,
                                   std::string_view proposed_by, std::string_view by, std::string_view reason);
  void remember(const Generation& generation);

  Deciders& deciders_;
  Audit& audit_;
  const LoadOptions options_;
  const bundle::Trust trust_;

  mutable std::mutex mutex_;  // of what follows
  uint64_t next_id_ = 1;
  std::map<uint64_t, Proposal> proposals_;
  std::deque<PastGeneration> generations_;  // oldest first
  std::optional<LoadError> last_error_;
  uint64_t load_failures_ = 0;
  uint64_t published_ = 0;
};

}  // namespace weir::serve
