// weir.hpp: weir.h for C++17 and later. Header only; everything in weir.h holds here too. Guide: docs/embedding.md.
//
//     auto engine = weir::engine::create();
//     auto rules = engine ? engine->compile({weir::source("login.weir", kRules)}) : engine.error();
//     if (!rules) die(rules.error().message());
//     auto session = rules->session();
//     auto event = rules->event();
//     …
//     if (weir::status read = event->read_json(line); !read) return reject(read.error().message());
//     if (auto verdict = session->eval(*event)) respond(verdict->info().verdict, verdict->json());
//
// HANDLES    Each class owns one handle: it moves, does not copy, and releases in its destructor. An empty one (moved
//            from, or of a failed call) may only be assigned to, asked by operator bool, or destroyed. get() is the
//            handle for what has no method here, which stays the object's.
//
// ERRORS     Nothing is thrown. A call that can fail returns result<T>, or status where there is nothing to return;
// both
//            must be looked at. What failed is error(), with weir.h's code, whose fault it is, and a message.
//
// TEXT       std::string_view in and out. What comes out is borrowed as weir.h says of the call.
//
// THREADS    const methods of one object may run at once, others one at a time; a slot and a rollout may be shared.
#ifndef WEIR_WEIR_HPP
#define WEIR_WEIR_HPP

#include <weir/weir.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

inline weir_str str(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline std::string_view view(weir_str text) noexcept {
  return text.ptr == nullptr ? std::string_view() : std::string_view(text.ptr, text.len);
}
inline weir_source source(std::string_view name, std::string_view text) noexcept { return {str(name), str(text)}; }

// What C++20 has as std::span<const T>: borrows what it is made of.
template <typename T>
class span {
 public:
  constexpr span() noexcept = default;
  constexpr span(const T *data, std::size_t size) noexcept : data_(data), size_(size) {}
  template <
      typename Container,
      typename = std::enable_if_t<std::is_convertible_v<decltype(std::declval<const Container &>().data()), const T *>>>
  // NOLINTNEXTLINE(google-explicit-constructor): what has data() is passed as it stands
  constexpr span(const Container &items) noexcept : data_(items.data()), size_(items.size()) {}
  constexpr const T *data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }

 private:
  const T *data_ = nullptr;
  std::size_t size_ = 0;
};

class error {
 public:
  error() noexcept : raw_(WEIR_INIT(weir_error)) {}
  weir_status code() const noexcept { return raw_.code; }
  std::string_view name() const noexcept { return weir_status_name(raw_.code); }
  std::string_view message() const noexcept { return raw_.message; }
  int at_fault() const noexcept { return raw_.at_fault; }  // WEIR_FAULT_…
  bool retriable() const noexcept { return raw_.retriable != 0; }
  weir_error *raw() noexcept { return &raw_; }
  const weir_error *raw() const noexcept { return &raw_; }

 private:
  weir_error raw_;
};

class [[nodiscard]] status {
 public:
  status() noexcept = default;
  status(const error &e) noexcept : error_(e) {}  // NOLINT(google-explicit-constructor): to return an error
  explicit operator bool() const noexcept { return error_.code() == WEIR_OK; }
  const weir::error &error() const noexcept { return error_; }
  weir_error *raw() noexcept { return error_.raw(); }

 private:
  weir::error error_;
};

// A value, or why there is none.
template <typename T>
class [[nodiscard]] result {
 public:
  result(T value) noexcept : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor): to return either
  result(const error &e) noexcept : error_(e) {}          // NOLINT(google-explicit-constructor)
  explicit operator bool() const noexcept { return error_.code() == WEIR_OK; }
  // Only of one that is true.
  T &operator*() &noexcept { return value_; }
  const T &operator*() const &noexcept { return value_; }
  T &&operator*() &&noexcept { return std::move(value_); }
  T *operator->() noexcept { return &value_; }
  const T *operator->() const noexcept { return &value_; }
  const weir::error &error() const noexcept { return error_; }

 private:
  T value_{};
  weir::error error_;
};

// What all classes below have in common.
template <typename Raw, void (*Release)(Raw *)>
class handle {
 public:
  handle() noexcept = default;
  explicit handle(Raw *raw) noexcept : raw_(raw) {}
  Raw *get() const noexcept { return raw_.get(); }
  Raw *release() noexcept { return raw_.release(); }  // the caller's from now on
  explicit operator bool() const noexcept { return raw_ != nullptr; }

 private:
  struct deleter {
    void operator()(Raw *raw) const noexcept { Release(raw); }
  };
  std::unique_ptr<Raw, deleter> raw_;
};

namespace detail {

// Calls `call(&raw, err)` and wraps what it has made.
template <typename T, typename Raw, typename Call>
result<T> make(Call &&call) noexcept {
  Raw *raw = nullptr;
  error e;
  if (call(&raw, e.raw()) != WEIR_OK) return e;
  return T(raw);
}

template <typename Call>
status run(Call &&call) noexcept {
  error e;
  if (call(e.raw()) != WEIR_OK) return e;
  return {};
}

// A struct that the library fills.
template <typename T, typename Call>
T fill(Call &&call) noexcept {
  T out = WEIR_INIT(T);
  call(&out);
  return out;
}

}  // namespace detail

class diags : public handle<weir_diags, weir_diags_release> {
 public:
  using handle::handle;
  std::size_t size() const noexcept { return weir_diags_count(get()); }
  std::size_t errors() const noexcept { return weir_diags_error_count(get()); }
  weir_diag operator[](std::size_t i) const noexcept {
    return detail::fill<weir_diag>([&](weir_diag *d) { weir_diags_get(get(), i, d); });
  }
  std::string_view text() const noexcept { return view(weir_diags_text(get())); }
};

class schema : public handle<weir_schema, weir_schema_release> {
 public:
  using handle::handle;
  std::string_view name() const noexcept { return view(weir_schema_name(get())); }
  std::size_t size() const noexcept { return weir_schema_field_count(get()); }
  int32_t field(std::string_view name) const noexcept { return weir_schema_field(get(), str(name)); }  // -1: none
  weir_field operator[](std::size_t i) const noexcept {
    return detail::fill<weir_field>([&](weir_field *f) { weir_schema_field_get(get(), i, f); });
  }
};

class event : public handle<weir_event, weir_event_release> {
 public:
  using handle::handle;
  static result<event> create(const schema &of) noexcept {
    return detail::make<event, weir_event>([&](auto *out, auto *e) { return weir_event_create(of.get(), out, e); });
  }
  std::string_view type() const noexcept { return view(weir_event_type(get())); }
  status read_json(std::string_view json) noexcept {
    return detail::run([&](auto *e) { return weir_event_read_json(get(), str(json), e); });
  }
  // One field, by its number in the schema.
  status set(int32_t field, bool value) noexcept {
    return detail::run([&](auto *e) { return weir_event_set_bool(get(), field, value ? 1 : 0, e); });
  }
  status set(int32_t field, int32_t value) noexcept { return set(field, int64_t{value}); }
  status set(int32_t field, int64_t value) noexcept {
    return detail::run([&](auto *e) { return weir_event_set_i64(get(), field, value, e); });
  }
  status set(int32_t field, uint64_t value) noexcept {
    return detail::run([&](auto *e) { return weir_event_set_u64(get(), field, value, e); });
  }
  status set(int32_t field, double value) noexcept {
    return detail::run([&](auto *e) { return weir_event_set_f64(get(), field, value, e); });
  }
  status set(int32_t field, std::string_view value) noexcept {
    return detail::run([&](auto *e) { return weir_event_set_str(get(), field, str(value), e); });
  }
  status set(int32_t field, const char *value) noexcept { return set(field, std::string_view(value)); }
  status set(int32_t field, std::chrono::system_clock::time_point value) noexcept {
    using std::chrono::nanoseconds, std::chrono::seconds;
    const auto since = value.time_since_epoch();
    const auto whole = std::chrono::floor<seconds>(since);
    const auto rest = std::chrono::duration_cast<nanoseconds>(since - whole);
    return detail::run([&](auto *e) {
      return weir_event_set_timestamp(get(), field, whole.count(), static_cast<int32_t>(rest.count()), e);
    });
  }
  status set(int32_t field, std::chrono::nanoseconds value) noexcept {
    return detail::run([&](auto *e) { return weir_event_set_duration(get(), field, value.count(), e); });
  }
  status set(int32_t field, span<weir_str> values) noexcept {
    return detail::run([&](auto *e) { return weir_event_set_str_list(get(), field, values.data(), values.size(), e); });
  }
  status set_bytes(int32_t field, const void *data, std::size_t size) noexcept {
    return detail::run([&](auto *e) { return weir_event_set_bytes(get(), field, data, size, e); });
  }
  status set_json(int32_t field, std::string_view json) noexcept {
    return detail::run([&](auto *e) { return weir_event_set_json(get(), field, str(json), e); });
  }
  status set_absent(int32_t field) noexcept {
    return detail::run([&](auto *e) { return weir_event_set_absent(get(), field, e); });
  }
  void clear() noexcept { weir_event_clear(get()); }
};

class verdict : public handle<weir_verdict, weir_verdict_release> {
 public:
  using handle::handle;
  weir_verdict_info info() const noexcept {
    return detail::fill<weir_verdict_info>([&](auto *out) { weir_verdict_get(get(), out); });
  }
  weir_hit hit(std::size_t i) const noexcept {
    return detail::fill<weir_hit>([&](auto *out) { weir_verdict_hit(get(), i, out); });
  }
  weir_effect effect(std::size_t i) const noexcept {
    return detail::fill<weir_effect>([&](auto *out) { weir_verdict_effect(get(), i, out); });
  }
  std::string_view json() const noexcept { return view(weir_verdict_json(get())); }
  std::string_view explain() const noexcept { return view(weir_verdict_explain(get())); }
  // Nobody decided in time: it is the declared verdict (eval() with a time limit).
  bool expired() const noexcept { return expired_; }
  void set_expired() noexcept { expired_ = true; }

 private:
  bool expired_ = false;
};

class ruleset;

class session : public handle<weir_session, weir_session_release> {
 public:
  using handle::handle;
  // A verdict too, which says so, where the time limit (0: none) was over.
  result<verdict> eval(const event &e, std::chrono::nanoseconds limit = {}, uint32_t trace = WEIR_TRACE_NONE) noexcept {
    weir_eval_options options = WEIR_INIT(weir_eval_options);
    options.timeout_ns = static_cast<uint64_t>(limit.count());
    options.trace = trace;
    weir_verdict *raw = nullptr;
    weir::error why;
    const weir_status s = weir_session_eval(get(), e.get(), &options, &raw, why.raw());
    verdict out(raw);
    if (s == WEIR_OK) return out;
    if (s != WEIR_E_LIMIT || !out) return why;
    out.set_expired();
    return out;
  }
  // A session on the same state, for another thread.
  result<session> share() noexcept {
    return detail::make<session, weir_session>([&](auto *out, auto *e) { return weir_session_share(get(), out, e); });
  }
  status adopt(const ruleset &rules) noexcept;
  status observe(const event &other) noexcept {
    return detail::run([&](auto *e) { return weir_session_observe(get(), other.get(), e); });
  }
  status change(const weir_change &what) noexcept {
    return detail::run([&](auto *e) { return weir_session_change(get(), &what, e); });
  }
  status audit(std::string_view path) noexcept {
    return detail::run([&](auto *e) { return weir_session_audit(get(), str(path), e); });
  }
  status keep(std::string_view directory, const weir_keep_options *options = nullptr,
              weir_recovery *found = nullptr) noexcept {
    return detail::run([&](auto *e) { return weir_session_keep(get(), str(directory), options, found, e); });
  }
  status checkpoint() noexcept {
    return detail::run([&](auto *e) { return weir_session_checkpoint(get(), e); });
  }
  weir_session_stats stats() const noexcept {
    return detail::fill<weir_session_stats>([&](auto *out) { weir_session_get_stats(get(), out); });
  }
};

class ruleset : public handle<weir_ruleset, weir_ruleset_release> {
 public:
  using handle::handle;
  result<weir::session> session(const weir_session_options *options = nullptr) const noexcept {
    return detail::make<weir::session, weir_session>(
        [&](auto *out, auto *e) { return weir_session_create(get(), options, out, e); });
  }
  // Of the type that each JSON text says.
  result<weir::event> event() const noexcept {
    return detail::make<weir::event, weir_event>(
        [&](auto *out, auto *e) { return weir_event_create_any(get(), out, e); });
  }
  result<weir::schema> schema(std::string_view event) const noexcept {
    return detail::make<weir::schema, weir_schema>(
        [&](auto *out, auto *e) { return weir_ruleset_schema(get(), str(event), out, e); });
  }
  std::string_view hash() const noexcept { return view(weir_ruleset_hash(get())); }
  std::string_view digest() const noexcept { return view(weir_ruleset_digest(get())); }
  uint64_t generation() const noexcept { return weir_ruleset_generation(get()); }
  uint32_t tier() const noexcept { return weir_ruleset_tier(get()); }
  std::size_t size() const noexcept { return weir_ruleset_rule_count(get()); }
  weir_rule operator[](std::size_t i) const noexcept {
    return detail::fill<weir_rule>([&](auto *out) { weir_ruleset_rule(get(), i, out); });
  }
  int64_t find(std::string_view id_or_name) const noexcept { return weir_ruleset_find_rule(get(), str(id_or_name)); }
};

inline status session::adopt(const ruleset &rules) noexcept {
  return detail::run([&](auto *e) { return weir_session_adopt(get(), rules.get(), e); });
}

class rollout_report : public handle<weir_rollout_report, weir_rollout_report_release> {
 public:
  using handle::handle;
  weir_rollout_info info() const noexcept {
    return detail::fill<weir_rollout_info>([&](auto *out) { weir_rollout_report_get(get(), out); });
  }
  weir_rollout_rule rule(std::size_t i) const noexcept {
    return detail::fill<weir_rollout_rule>([&](auto *out) { weir_rollout_report_rule(get(), i, out); });
  }
  std::string_view json() const noexcept { return view(weir_rollout_report_json(get())); }
};

class rollout : public handle<weir_rollout, weir_rollout_release> {
 public:
  using handle::handle;
  status label(std::string_view event_id, bool positive) noexcept {
    return detail::run([&](auto *e) { return weir_rollout_label(get(), str(event_id), positive ? 1 : 0, e); });
  }
  status end(bool promote, std::string_view by, std::string_view reason) noexcept {
    return detail::run([&](auto *e) { return weir_rollout_end(get(), promote ? 1 : 0, str(by), str(reason), e); });
  }
  result<rollout_report> report() const noexcept {
    return detail::make<rollout_report, weir_rollout_report>(
        [&](auto *out, auto *e) { return weir_rollout_get_report(get(), out, e); });
  }
};

class slot_status : public handle<weir_slot_status, weir_slot_status_release> {
 public:
  using handle::handle;
  weir_slot_info info() const noexcept {
    return detail::fill<weir_slot_info>([&](auto *out) { weir_slot_status_get(get(), out); });
  }
  std::string_view json() const noexcept { return view(weir_slot_status_json(get())); }
};

// Its destructor waits for a load under way.
class watch : public handle<weir_watch, weir_watch_release> {
 public:
  using handle::handle;
  void stop() noexcept { weir_watch_stop(get()); }
};

class slot : public handle<weir_slot, weir_slot_release> {
 public:
  using handle::handle;
  uint64_t generation() const noexcept { return weir_slot_generation(get()); }
  // The new generation.
  result<uint64_t> publish(const ruleset &rules, uint64_t expected) noexcept {
    uint64_t now = 0;
    error e;
    if (weir_slot_publish(get(), rules.get(), expected, &now, e.raw()) != WEIR_OK) return e;
    return now;
  }
  result<uint64_t> load(std::string_view path, uint64_t expected, diags *said = nullptr) noexcept {
    const weir_str raw = str(path);
    uint64_t now = 0;
    weir_diags *found = nullptr;
    error e;
    const weir_status s =
        weir_slot_load(get(), &raw, 1, nullptr, expected, &now, said == nullptr ? nullptr : &found, e.raw());
    if (said != nullptr) *said = diags(found);
    if (s != WEIR_OK) return e;
    return now;
  }
  // What is current; it knows its generation.
  result<ruleset> pin() noexcept {
    return detail::make<ruleset, weir_ruleset>(
        [&](auto *out, auto *e) { return weir_slot_pin(get(), out, nullptr, e); });
  }
  result<weir::watch> watch(std::string_view path, const weir_watch_options *options = nullptr) noexcept {
    const weir_str raw = str(path);
    return detail::make<weir::watch, weir_watch>(
        [&](auto *out, auto *e) { return weir_slot_watch(get(), &raw, 1, options, nullptr, out, e); });
  }
  result<weir::rollout> start_rollout(const ruleset &candidate,
                                      const weir_rollout_options *options = nullptr) noexcept {
    return detail::make<weir::rollout, weir_rollout>(
        [&](auto *out, auto *e) { return weir_rollout_start(get(), candidate.get(), options, out, e); });
  }
  status audit(std::string_view path) noexcept {
    return detail::run([&](auto *e) { return weir_slot_audit(get(), str(path), e); });
  }
  result<slot_status> status_now() const noexcept {
    return detail::make<slot_status, weir_slot_status>(
        [&](auto *out, auto *e) { return weir_slot_get_status(get(), out, e); });
  }
};

class engine : public handle<weir_engine, weir_engine_release> {
 public:
  using handle::handle;
  // WEIR_E_ABI, too, if the library is older than this header.
  static result<engine> create(const weir_engine_options *options = nullptr) noexcept {
    weir_engine_options own = WEIR_INIT(weir_engine_options);
    own.abi = WEIR_ABI;
    return detail::make<engine, weir_engine>(
        [&](auto *out, auto *e) { return weir_engine_create(options == nullptr ? &own : options, out, e); });
  }
  // `said` gets what the compiler had to say, of a failure too.
  result<ruleset> compile(span<weir_source> sources, const weir_compile_options *options = nullptr,
                          diags *said = nullptr) const noexcept {
    return compile_with(said, [&](auto *out, auto *found, auto *e) {
      return weir_compile(get(), sources.data(), sources.size(), options, out, found, e);
    });
  }
  result<ruleset> compile(std::initializer_list<weir_source> sources, const weir_compile_options *options = nullptr,
                          diags *said = nullptr) const noexcept {
    return compile(span<weir_source>(sources.begin(), sources.size()), options, said);
  }
  result<ruleset> compile_files(std::string_view path, const weir_compile_options *options = nullptr,
                                diags *said = nullptr) const noexcept {
    const weir_str raw = str(path);
    return compile_with(said, [&](auto *out, auto *found, auto *e) {
      return weir_compile_files(get(), &raw, 1, options, out, found, e);
    });
  }
  result<ruleset> load_bundle(std::string_view bytes, const weir_compile_options *options = nullptr,
                              diags *said = nullptr) const noexcept {
    return compile_with(said, [&](auto *out, auto *found, auto *e) {
      return weir_bundle_load(get(), str(bytes), options, out, found, e);
    });
  }
  result<weir::slot> slot(span<const weir_schema *> schemas = {}) const noexcept {
    return detail::make<weir::slot, weir_slot>(
        [&](auto *out, auto *e) { return weir_slot_create(get(), schemas.data(), schemas.size(), out, e); });
  }

 private:
  template <typename Call>
  static result<ruleset> compile_with(diags *said, Call &&call) noexcept {
    weir_ruleset *raw = nullptr;
    weir_diags *found = nullptr;
    error e;
    const weir_status s = call(&raw, said == nullptr ? nullptr : &found, e.raw());
    if (said != nullptr) *said = diags(found);
    if (s != WEIR_OK) return e;
    return ruleset(raw);
  }
};

}  // namespace weir

#endif  // WEIR_WEIR_HPP
