// Overloads of builtins_ext.def whose bodies have not landed yet: a call fails as unbound. This file goes when the last
// does.
#include "runtime/value/builtins.h"

#define WEIR_PENDING(id)                                                                                        \
  extern "C" void weir_bi_##id(weir::value::EvalContext&, const weir::value::Value*, weir::value::Value* out) { \
    *out = weir::value::Value::fail(weir::value::ErrorCode::kUnbound);                                          \
  }

WEIR_PENDING(regex_extract)
WEIR_PENDING(regex_extract_all)
WEIR_PENDING(regex_replace)
WEIR_PENDING(regex_replace_limit)
WEIR_PENDING(text_normalize)
WEIR_PENDING(text_fingerprint)
WEIR_PENDING(text_hashtags)
WEIR_PENDING(text_mentions)
WEIR_PENDING(text_strip_urls)
WEIR_PENDING(text_word_count)
WEIR_PENDING(text_skeleton)
WEIR_PENDING(text_similarity)
WEIR_PENDING(text_simhash)
WEIR_PENDING(text_hamming)
WEIR_PENDING(text_caps_ratio)
WEIR_PENDING(text_digit_ratio)
WEIR_PENDING(text_entropy)
WEIR_PENDING(url_host)
WEIR_PENDING(url_hosts)
WEIR_PENDING(url_registrable_domain)
WEIR_PENDING(url_path)
WEIR_PENDING(url_scheme)
WEIR_PENDING(url_query)
WEIR_PENDING(url_strip)
WEIR_PENDING(url_extract)
WEIR_PENDING(url_is_valid)
