#include "tools/serve/publisher.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "compiler/driver/bundle.h"

namespace weir::serve {
namespace {

namespace fs = std::filesystem;

absl::Status status(absl::StatusCode code, const std::string& text) {
  return absl::Status(code, absl::string_view(text.data(), text.size()));
}

// As a directory with these files would be read.
absl::StatusOr<driver::RuleSetSource> source_of(std::vector<RuleFile> files, const std::string& name) {
  driver::RuleSetSource out;
  out.directory = ".";
  auto folders = std::make_shared<std::vector<fs::path>>();
  auto others = std::make_shared<std::map<std::string, std::string>>();
  for (RuleFile& f : files) {
    if (f.path == "weir.yaml") {
      auto manifest = driver::parse_manifest(f.path, f.text);
      if (!manifest.ok()) return manifest.status();
      out.manifest = *std::move(manifest);
      out.manifest_text = std::move(f.text);
    } else if (f.path.ends_with(".weir")) {
      folders->push_back(fs::path(f.path).parent_path());
      out.sources.push_back({std::move(f.path), std::move(f.text)});
    } else {
      others->insert_or_assign(fs::path(f.path).lexically_normal().generic_string(), std::move(f.text));
    }
  }
  if (out.sources.empty()) return absl::InvalidArgumentError("there is no rule file: none ends in `.weir`");
  if (out.manifest.name.empty()) out.manifest.name = name;
  out.read_file = [folders, others](base::FileId from, const std::string& path) -> std::optional<std::string> {
    const fs::path folder = from < folders->size() ? (*folders)[from] : fs::path();
    for (const fs::path& at : {folder / path, fs::path(path)}) {
      const auto found = others->find(at.lexically_normal().generic_string());
      if (found != others->end()) return found->second;
    }
    return std::nullopt;
  };
  return out;
}

bool same_files(const bundle::Bundle& a, const bundle::Bundle& b) {
  return std::ranges::equal(a.contents().files, b.contents().files, [](const bundle::File& x, const bundle::File& y) {
    return x.path == y.path && x.content == y.content;
  });
}

std::string because(std::string_view reason) { return reason.empty() ? "" : fmt::format("; {}", reason); }

}  // namespace

std::string_view stage_name(Proposal::Stage stage) {
  switch (stage) {
    case Proposal::Stage::kOpen:
      return "open";
    case Proposal::Stage::kPublished:
      return "published";
    case Proposal::Stage::kRejected:
      return "rejected";
  }
  return "";
}

Publisher::Publisher(Deciders* deciders, Audit* audit, LoadOptions options, bundle::Trust trust)
    : deciders_(*deciders), audit_(*audit), options_(std::move(options)), trust_(std::move(trust)) {
  remember(*deciders_.current());
}

absl::Status Publisher::check_expected(uint64_t expected) const {
  const uint64_t current = deciders_.number();
  if (expected == current) return absl::OkStatus();
  return status(absl::StatusCode::kAborted,
                fmt::format("generation {} was expected, {} is current", expected, current));
}

void Publisher::note_failure(const LoadFailure& failure, std::string_view by) {
  const std::lock_guard lock(mutex_);
  last_error_ = LoadError{failure, wall_nanos(), std::string(by), deciders_.number()};
  ++load_failures_;
}

absl::StatusOr<Proposal> Publisher::add(std::shared_ptr<const RuleSet> set, uint64_t expected, std::string_view author,
                                        std::string_view reason) {
  const std::shared_ptr<const Generation> current = deciders_.current();
  Proposal made;
  made.expected = expected;
  made.digest = set->bundle.digest();
  made.author = author;
  made.reason = reason;
  made.wall_nanos = wall_nanos();
  made.changes = bundle::compare(current->set->bundle.contents().rules, set->bundle.contents().rules);
  made.warnings = set->warnings;
  made.set = std::move(set);
  {
    const std::lock_guard lock(mutex_);
    size_t open = 0;
    for (const auto& [id, p] : proposals_) open += p.stage == Proposal::Stage::kOpen;
    if (open >= kMostOpen)
      return status(absl::StatusCode::kAborted, fmt::format("{} proposals are open: decide about some first", open));
    made.id = next_id_;
  }
  absl::Status written = audit_.append_step(
      "propose", fmt::format("proposal {}", made.id),
      fmt::format("by {}: {} to follow generation {}{}", author, made.digest, expected, because(reason)),
      deciders_.event_totals().events);
  if (!written.ok()) return written;
  const std::lock_guard lock(mutex_);
  ++next_id_;
  last_error_.reset();
  proposals_.emplace(made.id, made);
  size_t closed = 0;
  for (const auto& [id, p] : proposals_) closed += p.stage != Proposal::Stage::kOpen;
  for (auto it = proposals_.begin(); it != proposals_.end() && closed > kMostClosed;) {
    if (it->second.stage == Proposal::Stage::kOpen) {
      ++it;
    } else {
      it = proposals_.erase(it);
      --closed;
    }
  }
  return made;
}

absl::StatusOr<Proposal> Publisher::propose(std::vector<RuleFile> files, uint64_t expected, std::string_view author,
                                            std::string_view reason, LoadFailure* failure) {
  if (!trust_.keys.empty()) return absl::PermissionDeniedError("only bundles that a trusted key has signed are taken");
  if (absl::Status s = check_expected(expected); !s.ok()) return s;
  const std::shared_ptr<const Generation> current = deciders_.current();
  auto source = source_of(std::move(files), current->set->bundle.contents().name);
  if (!source.ok()) {
    failure->message = std::string(source.status().message());
    note_failure(*failure, author);
    return source.status();
  }
  auto set = load(*source, options_, current->set.get(), failure);
  if (set == nullptr) {
    note_failure(*failure, author);
    return status(absl::StatusCode::kInvalidArgument, failure->message);
  }
  return add(std::move(set), expected, author, reason);
}

absl::StatusOr<Proposal> Publisher::propose(std::string_view bytes, uint64_t expected, std::string_view author,
                                            std::string_view reason, LoadFailure* failure) {
  if (absl::Status s = check_expected(expected); !s.ok()) return s;
  const std::shared_ptr<const Generation> current = deciders_.current();
  bundle::Trust trust = trust_;
  if (!trust.keys.empty()) trust.min_sequence = current->set->bundle.contents().sequence;
  auto bundle = bundle::Bundle::parse(bytes, trust);
  if (!bundle.ok()) {
    failure->message = std::string(bundle.status().message());
    note_failure(*failure, author);
    return bundle.status();
  }
  const std::string& name = current->set->bundle.contents().name;
  if (!trust.keys.empty() && bundle->contents().name != name) {
    return status(absl::StatusCode::kPermissionDenied,
                  fmt::format("the server has a bundle of `{}`, this is one of `{}`", name, bundle->contents().name));
  }
  auto set = load(*bundle, options_, failure);
  if (set == nullptr) {
    note_failure(*failure, author);
    return status(absl::StatusCode::kInvalidArgument, failure->message);
  }
  return add(std::move(set), expected, author, reason);
}

absl::StatusOr<Proposal> Publisher::approve(uint64_t id, std::string_view by, std::string_view reason) {
  auto found = proposal(id);
  if (!found.ok()) return found;
  if (found->stage != Proposal::Stage::kOpen)
    return status(absl::StatusCode::kAborted, fmt::format("proposal {} is {}", id, stage_name(found->stage)));
  if (found->author == by)
    return status(absl::StatusCode::kPermissionDenied,
                  fmt::format("`{}` has proposed it: somebody else must approve it", by));
  if (absl::Status s = check_expected(found->expected); !s.ok()) return s;
  auto number = publish(found->set, "publish", found->author, by, reason.empty() ? found->reason : reason);
  if (!number.ok()) return number.status();
  const std::lock_guard lock(mutex_);
  Proposal& p = proposals_.at(id);
  p.stage = Proposal::Stage::kPublished;
  p.decided_by = by;
  p.decided_reason = reason;
  p.generation = *number;
  p.set = nullptr;
  return p;
}

absl::StatusOr<Proposal> Publisher::reject(uint64_t id, std::string_view by, std::string_view reason) {
  auto found = proposal(id);
  if (!found.ok()) return found;
  if (found->stage != Proposal::Stage::kOpen)
    return status(absl::StatusCode::kAborted, fmt::format("proposal {} is {}", id, stage_name(found->stage)));
  absl::Status written =
      audit_.append_step("reject", fmt::format("proposal {}", id), fmt::format("by {}{}", by, because(reason)),
                         deciders_.event_totals().events);
  if (!written.ok()) return written;
  const std::lock_guard lock(mutex_);
  Proposal& p = proposals_.at(id);
  p.stage = Proposal::Stage::kRejected;
  p.decided_by = by;
  p.decided_reason = reason;
  p.set = nullptr;
  return p;
}

absl::StatusOr<PastGeneration> Publisher::roll_back(uint64_t to, uint64_t expected, std::string_view by,
                                                    std::string_view reason) {
  if (!trust_.keys.empty())
    return absl::PermissionDeniedError("with trusted keys no older release comes back: publish a newer one like it");
  if (absl::Status s = check_expected(expected); !s.ok()) return s;
  std::shared_ptr<const bundle::Bundle> bundle;
  std::string proposed_by;
  {
    const std::lock_guard lock(mutex_);
    for (const PastGeneration& past : generations_) {
      if (past.number != to) continue;
      bundle = past.bundle;
      proposed_by = past.proposed_by;
    }
  }
  if (bundle == nullptr)
    return status(absl::StatusCode::kNotFound, fmt::format("generation {} is not there to go back to", to));
  LoadFailure failure;
  auto set = load(*bundle, options_, &failure);
  if (set == nullptr) {
    note_failure(failure, by);
    return status(absl::StatusCode::kInternal, failure.message);
  }
  auto number = publish(std::move(set), "roll_back", proposed_by, by, reason);
  if (!number.ok()) return number.status();
  return generations().front();
}

absl::Status Publisher::reload(std::shared_ptr<const RuleSet> set, const LoadFailure& failure) {
  constexpr std::string_view kBy = "the files";
  if (set == nullptr) {
    note_failure(failure, kBy);
    return status(absl::StatusCode::kInvalidArgument, failure.message);
  }
  const std::shared_ptr<const Generation> current = deciders_.current();
  if (same_files(set->bundle, current->set->bundle)) return absl::OkStatus();
  auto number = publish(std::move(set), "reload", "", kBy, "they have changed");
  if (!number.ok()) return number.status();
  const std::lock_guard lock(mutex_);
  last_error_.reset();
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Publisher::publish(std::shared_ptr<const RuleSet> set, std::string_view step,
                                            std::string_view proposed_by, std::string_view by,
                                            std::string_view reason) {
  auto next = std::make_shared<Generation>();
  const std::shared_ptr<const Generation> current = deciders_.current();
  next->number = current->number + 1;
  next->wall_nanos = wall_nanos();
  next->proposed_by = proposed_by;
  next->by = by;
  next->reason = reason;
  const bundle::RuleChanges changes =
      bundle::compare(current->set->bundle.contents().rules, set->bundle.contents().rules);
  next->set = std::move(set);
  // Written first: rules that decide are always in the log.
  const std::string text = fmt::format("by {}: {}, proposed by {}; rules added: {}, changed: {}, removed: {}{}", by,
                                       next->set->bundle.digest(), proposed_by.empty() ? "nobody" : proposed_by,
                                       fmt::join(changes.added, " "), fmt::join(changes.changed, " "),
                                       fmt::join(changes.removed, " "), because(reason));
  if (audit_.kept()) {
    absl::Status written =
        audit_.append_step(step, fmt::format("generation {}", next->number), text, deciders_.event_totals().events);
    if (!written.ok()) return written;
  }
  if (absl::Status s = deciders_.publish(next); !s.ok()) return s;
  remember(*next);
  const std::lock_guard lock(mutex_);
  ++published_;
  return next->number;
}

void Publisher::remember(const Generation& generation) {
  PastGeneration past;
  const bundle::Contents& contents = generation.set->bundle.contents();
  past.number = generation.number;
  past.digest = generation.set->bundle.digest();
  past.name = contents.name;
  past.sequence = contents.sequence;
  past.proposed_by = generation.proposed_by;
  past.by = generation.by;
  past.reason = generation.reason;
  past.wall_nanos = generation.wall_nanos;
  past.bundle = std::make_shared<const bundle::Bundle>(generation.set->bundle);
  const std::lock_guard lock(mutex_);
  generations_.push_back(std::move(past));
  if (generations_.size() > kKeptBundles) generations_[generations_.size() - 1 - kKeptBundles].bundle = nullptr;
  if (generations_.size() > kKeptGenerations) generations_.pop_front();
}

std::vector<Proposal> Publisher::proposals() const {
  const std::lock_guard lock(mutex_);
  std::vector<Proposal> out;
  for (auto it = proposals_.rbegin(); it != proposals_.rend(); ++it) out.push_back(it->second);
  return out;
}

absl::StatusOr<Proposal> Publisher::proposal(uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = proposals_.find(id);
  if (found == proposals_.end()) return status(absl::StatusCode::kNotFound, fmt::format("there is no proposal {}", id));
  return found->second;
}

std::vector<PastGeneration> Publisher::generations() const {
  const std::lock_guard lock(mutex_);
  return {generations_.rbegin(), generations_.rend()};
}

std::optional<LoadError> Publisher::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

uint64_t Publisher::load_failures() const {
  const std::lock_guard lock(mutex_);
  return load_failures_;
}

uint64_t Publisher::published() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

}  // namespace weir::serve
