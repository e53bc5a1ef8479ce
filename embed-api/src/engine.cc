#include "embed-api/src/handles.h"

#ifndef WEIR_VERSION
#error "the build defines WEIR_VERSION and WEIR_NATIVE_NOTE"
#endif

using weir::embed::call;
using weir::embed::fail;
using weir::embed::report;

uint32_t weir_abi(void) { return WEIR_ABI; }

const char* weir_build_info(void) { return "weir " WEIR_VERSION " (" WEIR_NATIVE_NOTE ")"; }

const char* weir_status_name(weir_status status) {
  switch (status) {
    case WEIR_OK:
      return "WEIR_OK";
    case WEIR_E_ARG:
      return "WEIR_E_ARG";
    case WEIR_E_ABI:
      return "WEIR_E_ABI";
    case WEIR_E_COMPILE:
      return "WEIR_E_COMPILE";
    case WEIR_E_SCHEMA:
      return "WEIR_E_SCHEMA";
    case WEIR_E_DATA:
      return "WEIR_E_DATA";
    case WEIR_E_LIMIT:
      return "WEIR_E_LIMIT";
    case WEIR_E_CONFLICT:
      return "WEIR_E_CONFLICT";
    case WEIR_E_NOMEM:
      return "WEIR_E_NOMEM";
    case WEIR_E_INTERNAL:
      return "WEIR_E_INTERNAL";
    case WEIR_E_IO:
      return "WEIR_E_IO";
    case WEIR_E_TRUST:
      return "WEIR_E_TRUST";
    default:
      return "WEIR_E_UNKNOWN";
  }
}

weir_status weir_engine_create(const weir_engine_options* options, weir_engine** engine_out, weir_error* err) {
  return call(err, [&]() -> weir_status {
    WEIR_REQUIRE(engine_out, err);
    *engine_out = nullptr;
    weir_engine_options given;
    if (weir_status s = weir::embed::read_options(options, &given, "weir_engine_options", err)) return s;
    if (options != nullptr && (given.abi == 0 || given.abi > WEIR_ABI))
      return fail(err, WEIR_E_ABI, "weir_engine_options.abi is {}; this library has WEIR_ABI {}", given.abi, WEIR_ABI);
    weir::embed::EngineState state;
    if (given.compile_threads != 0) state.compile_threads = given.compile_threads;
    if (given.max_rules != 0) state.max_rules = given.max_rules;
    if (given.max_source_bytes != 0) state.max_source_bytes = given.max_source_bytes;
    WEIR_REQUIRE_TEXT(given.native_cache, err);
    state.native_cache = weir::embed::view(given.native_cache);
    if (given.max_native_cache_bytes != 0) state.max_native_cache_bytes = given.max_native_cache_bytes;
    if (given.quick_edits != 0) state.last = weir::embed::make_last_compiled();
    if (given.trusted_key_count != 0) WEIR_REQUIRE(given.trusted_keys, err);
    for (size_t i = 0; i < given.trusted_key_count; ++i) {
      WEIR_REQUIRE_TEXT(given.trusted_keys[i], err);
      auto key = weir::crypto::parse_public_key(weir::embed::view(given.trusted_keys[i]));
      if (!key.ok()) return report(err, key.status(), WEIR_E_ARG);
      state.trusted_keys.push_back(*key);
    }
    *engine_out = new weir_engine{std::make_shared<const weir::embed::EngineState>(std::move(state))};
    return WEIR_OK;
  });
}

void weir_engine_release(weir_engine* engine) { delete engine; }
