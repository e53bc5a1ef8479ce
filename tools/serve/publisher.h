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
#include "tools/serve/kept_rules.h"
#include "tools/serve/rule_set.h"

namespace weir::serve {

struct Proposal {
  enum class Stage : uint8_t { kOpen, kPublished, kRejected, kRollingOut, kRolledBack };
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
struct PastGeneration : Account {
  std::string digest, name;
  uint64_t sequence = 0;
  std::shared_ptr<const bundle::Bundle> bundle;  // of the last kKeptBundles only
};
PastGeneration past_generation(const Account& account, const bundle::Bundle& bundle);

// What the server begins with, and where it comes from.
struct Beginning {
  std::shared_ptr<const Generation> first;
  bool kept = false;                 // it was published before; else it is --rules
  std::vector<PastGeneration> past;  // before it, oldest first
  std::vector<std::string> notes;    // what is kept and cannot be used, and why
  uint64_t next = 1;                 // no generation before this number comes again
};
// The newest generation kept that can be read, is trusted and compiles. `first` is null if there is none.
absl::StatusOr<Beginning> begin_with_kept(const KeptRules& kept, Loader& loader, const bundle::Trust& trust);

// What is asked of a candidate; what its weir.yaml says (`rollout`) where nothing is.
struct RolloutOptions {
  std::optional<rollout::Conditions> conditions;
  rollout::DiffOptions diff = {.as_live = false, .samples = 20, .remembered = 100'000};
};

// The rollout under way, or the last one.
struct RolloutReport {
  enum class Stage : uint8_t { kRunning, kPromoted, kRolledBack, kOvertaken /* somebody else has published */ };
  Stage stage = Stage::kRunning;
  uint64_t generation = 0;    // of the two together; then of what came after
  std::string ended_by, why;  // while it runs: why it cannot end by itself
  std::shared_ptr<LiveRollout> what;
};
std::string_view stage_name(RolloutReport::Stage stage);

// Calls that change something come one at a time (the change thread); those that look may come from any thread.
class Publisher {
 public:
  static constexpr size_t kMostOpen = 32;     // proposals
  static constexpr size_t kMostClosed = 200;  // remembered
  static constexpr size_t kKeptBundles = 20;  // generations one can go back to
  static constexpr size_t kKeptGenerations = 1000;

  // `kept` may be null: then what is published is gone with the process.
  Publisher(Deciders* deciders, Audit* audit, std::shared_ptr<Loader> loader, bundle::Trust trust,
            std::unique_ptr<KeptRules> kept, Beginning beginning);

  // Notes in the audit log what the server begins with; ends a rollout that a restart cut short. Once, first.
  absl::Status begin();

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
  absl::Status reload(std::shared_ptr<const RuleSet> set, const LoadFailure& failure, std::string_view by,
                      std::string_view reason);

  // An open proposal beside the rules that decide, as a generation that holds both. Errors as of approve();
  // FailedPrecondition: the two cannot read the same events. Another publication ends it.
  absl::Status start_rollout(uint64_t id, std::string_view by, std::string_view reason, const RolloutOptions& options);
  // Aborted: none is under way. PermissionDenied: its author promotes it.
  absl::Status end_rollout(bool promote, std::string_view by, std::string_view reason);
  // Whether events, by their ids, were what the rules look for. Gives the ids that are not remembered. Aborted as
  // above.
  using EventLabels = std::vector<std::pair<std::string, bool>>;
  absl::StatusOr<std::vector<std::string>> label_rollout(const EventLabels& labels, std::string_view by);
  // Whether it has come to where it decides by itself; settle_rollout() then does.
  bool rollout_is_due() const;
  void settle_rollout();
  std::optional<RolloutReport> last_rollout() const;

  std::vector<Proposal> proposals() const;  // newest first
  absl::StatusOr<Proposal> proposal(uint64_t id) const;
  std::vector<PastGeneration> generations() const;  // newest first
  std::optional<LoadError> last_error() const;
  uint64_t load_failures() const;
  uint64_t published() const;
  const Beginning& beginning() const { return beginning_; }

 private:
  absl::Status check_expected(uint64_t expected) const;
  absl::StatusOr<Proposal> add(std::shared_ptr<const RuleSet> set, uint64_t expected, std::string_view author,
                               std::string_view reason);
  void note_failure(const LoadFailure& failure, std::string_view by);
  // An open proposal that `by` may decide about, while the generation it is to follow is current.
  absl::StatusOr<Proposal> decidable(uint64_t id, std::string_view by) const;
  // The number and time of the account are filled in; `note` goes to the audit log.
  absl::StatusOr<uint64_t> publish(std::shared_ptr<const RuleSet> set, Account account,
                                   std::shared_ptr<LiveRollout> rollout = nullptr, std::string_view note = {});
  void remember(PastGeneration past);
  absl::Status finish_rollout(const RolloutReport& running, bool promote, std::string_view by, const std::string& why);
  void overtake_rollout(uint64_t generation);
  absl::StatusOr<RolloutReport> running_rollout() const;

  Deciders& deciders_;
  Audit& audit_;
  const std::shared_ptr<Loader> loader_;
  const bundle::Trust trust_;
  const std::unique_ptr<KeptRules> kept_;
  Beginning beginning_;  // without what it was made of

  mutable std::mutex mutex_;  // of what follows
  uint64_t next_id_ = 1;
  std::map<uint64_t, Proposal> proposals_;
  std::deque<PastGeneration> generations_;  // oldest first
  std::optional<LoadError> last_error_;
  std::optional<RolloutReport> rollout_;
  uint64_t load_failures_ = 0;
  uint64_t published_ = 0;
};

}  // namespace weir::serve
