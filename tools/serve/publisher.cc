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

}  // namespace

std::string_view stage_name(Proposal::Stage stage) {
  switch (stage) {
    case Proposal::Stage::kOpen:
      return "open";
    case Proposal::Stage::kPublished:
      return "published";
    case Proposal::Stage::kRejected:
      return "rejected";
    case Proposal::Stage::kRollingOut:
      return "rolling_out";
    case Proposal::Stage::kRolledBack:
      return "rolled_back";
  }
  return "";
}

PastGeneration past_generation(const Account& account, const bundle::Bundle& bundle) {
  PastGeneration out;
  static_cast<Account&>(out) = account;
  out.digest = bundle.digest();
  out.name = bundle.contents().name;
  out.sequence = bundle.contents().sequence;
  out.bundle = std::make_shared<const bundle::Bundle>(bundle);
  return out;
}

Publisher::Publisher(Deciders* deciders, Audit* audit, std::shared_ptr<Loader> loader, bundle::Trust trust,
                     std::unique_ptr<KeptRules> kept, Beginning beginning)
    : deciders_(*deciders),
      audit_(*audit),
      loader_(std::move(loader)),
      trust_(std::move(trust)),
      kept_(std::move(kept)),
      beginning_(std::move(beginning)) {
  for (const PastGeneration& past : beginning_.past) remember(past);
  const std::shared_ptr<const Generation> first = deciders_.current();
  remember(past_generation(*first, first->set->bundle));
  auto account = std::make_shared<Generation>();
  static_cast<Account&>(*account) = *first;
  beginning_.first = std::move(account);
  beginning_.past.clear();
}

absl::Status Publisher::begin() {
  const std::shared_ptr<const Generation> first = deciders_.current();
  if (audit_.kept()) {
    const std::string text =
        fmt::format("{}, {}{}{}", first->set->bundle.digest(), beginning_.kept ? "as it was published" : "of --rules",
                    beginning_.notes.empty() ? "" : "; ", fmt::join(beginning_.notes, "; "));
    absl::Status written = audit_.append_step({"start", fmt::format("generation {}", first->number), text},
                                              deciders_.event_totals().events);
    if (!written.ok()) return written;
  }
  if (!beginning_.kept || first->step != "rollout") return absl::OkStatus();
  Account account;
  account.step = "rollout_ended";
  account.proposed_by = first->proposed_by;
  account.reason = "the server was started again while a candidate ran beside these rules; it is given up";
  return publish(first->set, std::move(account)).status();
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
  const std::string text = fmt::format("{} to follow generation {}", made.digest, expected);
  absl::Status written = audit_.append_step(
      {.step = "propose", .of = fmt::format("proposal {}", made.id), .text = text, .by = author, .reason = reason},
      deciders_.event_totals().events);
  if (!written.ok()) return written;
  const std::lock_guard lock(mutex_);
  ++next_id_;
  last_error_.reset();
  proposals_.emplace(made.id, made);
  const auto is_open = [](const Proposal& p) {
    return p.stage == Proposal::Stage::kOpen || p.stage == Proposal::Stage::kRollingOut;
  };
  size_t closed = 0;
  for (const auto& [id, p] : proposals_) closed += !is_open(p);
  for (auto it = proposals_.begin(); it != proposals_.end() && closed > kMostClosed;) {
    if (is_open(it->second)) {
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
  auto set = loader_->load(*source, current->set.get(), failure);
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
  auto set = loader_->load(*bundle, failure);
  if (set == nullptr) {
    note_failure(*failure, author);
    return status(absl::StatusCode::kInvalidArgument, failure->message);
  }
  return add(std::move(set), expected, author, reason);
}

absl::StatusOr<Proposal> Publisher::decidable(uint64_t id, std::string_view by) const {
  auto found = proposal(id);
  if (!found.ok()) return found;
  if (found->stage != Proposal::Stage::kOpen)
    return status(absl::StatusCode::kAborted, fmt::format("proposal {} is {}", id, stage_name(found->stage)));
  if (found->author == by)
    return status(absl::StatusCode::kPermissionDenied,
                  fmt::format("`{}` has proposed it: somebody else must approve it", by));
  if (absl::Status s = check_expected(found->expected); !s.ok()) return s;
  return found;
}

absl::StatusOr<Proposal> Publisher::approve(uint64_t id, std::string_view by, std::string_view reason) {
  auto found = decidable(id, by);
  if (!found.ok()) return found;
  Account account;
  account.step = "publish";
  account.proposed_by = found->author;
  account.by = by;
  account.reason = reason.empty() ? found->reason : reason;
  auto number = publish(found->set, std::move(account));
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
  absl::Status written = audit_.append_step({.step = "reject",
                                             .of = fmt::format("proposal {}", id),
                                             .text = found->digest,
                                             .by = by,
                                             .proposed_by = found->author,
                                             .reason = reason},
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
  auto set = loader_->load(*bundle, &failure);
  if (set == nullptr) {
    note_failure(failure, by);
    return status(absl::StatusCode::kInternal, failure.message);
  }
  Account account;
  account.step = "roll_back";
  account.proposed_by = proposed_by;
  account.by = by;
  account.reason = reason;
  auto number = publish(std::move(set), std::move(account));
  if (!number.ok()) return number.status();
  return generations().front();
}

absl::Status Publisher::reload(std::shared_ptr<const RuleSet> set, const LoadFailure& failure, std::string_view by,
                               std::string_view reason) {
  if (set == nullptr) {
    note_failure(failure, by);
    return status(absl::StatusCode::kInvalidArgument, failure.message);
  }
  if (set->files_hash != deciders_.current()->set->files_hash) {
    Account account;
    account.step = "reload";
    account.by = by;
    account.reason = reason;
    auto number = publish(std::move(set), std::move(account));
    if (!number.ok()) return number.status();
  }
  const std::lock_guard lock(mutex_);
  last_error_.reset();
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Publisher::publish(std::shared_ptr<const RuleSet> set, Account account,
                                            std::shared_ptr<LiveRollout> rollout, std::string_view note) {
  auto next = std::make_shared<Generation>();
  const std::shared_ptr<const Generation> current = deciders_.current();
  account.number = std::max(current->number + 1, beginning_.next);
  account.wall_nanos = wall_nanos();
  static_cast<Account&>(*next) = account;
  const bundle::RuleChanges changes =
      bundle::compare(current->set->bundle.contents().rules, set->bundle.contents().rules);
  next->set = std::move(set);
  next->rollout = std::move(rollout);
  const bundle::Bundle& bundle = next->set->bundle;
  const std::string of = fmt::format("generation {}", next->number);
  const uint64_t events = deciders_.event_totals().events;
  const auto write = [&](std::string_view step, std::string_view text) {
    if (!audit_.kept()) return absl::OkStatus();
    return audit_.append_step({step, of, text, account.by, account.proposed_by, account.reason}, events);
  };
  // Written first: rules that decide are always in the log, and on the disk.
  const std::string text =
      fmt::format("{}; rules added: {}, changed: {}, removed: {}{}{}", bundle.digest(), fmt::join(changes.added, " "),
                  fmt::join(changes.changed, " "), fmt::join(changes.removed, " "), note.empty() ? "" : "; ", note);
  if (absl::Status s = write(account.step, text); !s.ok()) return s;
  absl::Status done = kept_ != nullptr ? kept_->keep({account, bundle.serialize()}) : absl::OkStatus();
  if (done.ok()) {
    done = deciders_.publish(next);
    if (!done.ok() && kept_ != nullptr)
      kept_->forget(account.number).IgnoreError();  // the disk fails, and that is told
  }
  if (!done.ok()) {
    write("not_published", std::string(done.message())).IgnoreError();  // the caller is told
    return done;
  }
  remember(past_generation(account, bundle));
  if (next->rollout == nullptr) overtake_rollout(next->number);
  const std::lock_guard lock(mutex_);
  ++published_;
  return next->number;
}

void Publisher::remember(PastGeneration past) {
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
