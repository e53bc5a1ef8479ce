// A slot that follows files.
#include "embed-api/src/slot.h"
#include "runtime/reload/file_watch.h"

struct weir_watch {
  ~weir_watch() { stop(); }
  void stop() {
    if (files == nullptr) return;
    files = nullptr;  // waits for a load under way
    slot->set_watch(WEIR_WATCH_NONE, "");
  }

  std::shared_ptr<weir::embed::Slot> slot;
  std::vector<std::string> paths;
  weir::embed::CompileRequest request;
  std::unique_ptr<weir::reload::FileWatch> files;
};

namespace weir::embed {
namespace {

// On the watch's thread. The generation is read before the files are: a publish that comes while they are compiled
// wins, and they are loaded when they change again.
void load_changed(weir_watch& watch) noexcept {
  weir_error error = WEIR_INIT(weir_error);
  call(&error, [&] {
    const uint64_t expected = watch.slot->generation();
    uint64_t now = 0;
    std::shared_ptr<const weir_diags> diags;
    const weir_status status = load_into(*watch.slot, watch.paths, watch.request, expected, true, &now, &diags, &error);
    if (status == WEIR_E_CONFLICT) watch.slot->note_failure(watch.paths.front(), error, diags);
    return status;
  });
  if (error.code != WEIR_E_NOMEM && error.code != WEIR_E_INTERNAL) return;
  weir_error nowhere = WEIR_INIT(weir_error);
  call(&nowhere, [&] { return watch.slot->note_failure(watch.paths.front(), error, nullptr), WEIR_OK; });
}

}  // namespace
}  // namespace weir::embed

using weir::embed::call;
using weir::embed::fail;
using weir::embed::report;

weir_status weir_slot_watch(weir_slot* slot, const weir_str* paths, size_t n, const weir_watch_options* options,
                            const weir_compile_options* compile, weir_watch** watch_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(watch_out, err);
    *watch_out = nullptr;
    WEIR_REQUIRE(slot, err);
    weir_watch_options given;
    if (weir_status s = weir::embed::read_options(options, &given, "weir_watch_options", err)) return s;
    auto watch = std::make_unique<weir_watch>();
    watch->slot = slot->state;
    if (weir_status s = weir::embed::read_paths(paths, n, &watch->paths, err)) return s;
    if (weir_status s = weir::embed::read_request(*slot->state->engine(), compile, &watch->request, err)) return s;
    weir::reload::WatchOptions how;
    if (given.settle_ms != 0) how.settle = std::chrono::milliseconds(given.settle_ms);
    if (given.poll_ms != 0) how.poll = std::chrono::milliseconds(given.poll_ms);
    how.notifications = given.no_notifications == 0;
    slot->state->set_watch(WEIR_WATCH_NOTIFIED, "");
    auto files = weir::reload::FileWatch::start(
        watch->paths, how, [w = watch.get()] { weir::embed::load_changed(*w); },
        [s = slot->state](const std::string& why) { s->set_watch(WEIR_WATCH_POLLING, why); });
    if (!files.ok()) {
      slot->state->set_watch(WEIR_WATCH_NONE, "");
      return report(err, files.status(), WEIR_E_NOMEM);
    }
    watch->files = *std::move(files);
    *watch_out = watch.release();
    return WEIR_OK;
  });
}

void weir_watch_stop(weir_watch* watch) {
  if (watch != nullptr) watch->stop();
}

void weir_watch_release(weir_watch* watch) { delete watch; }
