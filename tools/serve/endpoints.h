// What the endpoints do, one function each; router.cc says which is which. They return with the response filled.
#pragma once

#include "tools/serve/router.h"

namespace weir::serve {

// endpoints_evaluate.cc
void evaluate(Exchange& exchange, Response* response);
void evaluate_batch(Exchange& exchange, Response* response);
void explain_event(Exchange& exchange, Response* response);
// endpoints_status.cc
void live(Exchange& exchange, Response* response);
void ready(Exchange& exchange, Response* response);
void metrics(Exchange& exchange, Response* response);
void openapi(Exchange& exchange, Response* response);
void server_status(Exchange& exchange, Response* response);
void rules(Exchange& exchange, Response* response);
// endpoints_publish.cc
void generations(Exchange& exchange, Response* response);
void proposals(Exchange& exchange, Response* response);
void propose(Exchange& exchange, Response* response);
void proposal(Exchange& exchange, Response* response);
void approve(Exchange& exchange, Response* response);
void reject(Exchange& exchange, Response* response);
void roll_back(Exchange& exchange, Response* response);
// endpoints_rollout.cc
void start_rollout(Exchange& exchange, Response* response);
void rollout(Exchange& exchange, Response* response);
void promote_rollout(Exchange& exchange, Response* response);
void roll_back_rollout(Exchange& exchange, Response* response);
void label_rollout(Exchange& exchange, Response* response);
// endpoints_changes.cc
void labels(Exchange& exchange, Response* response);
void set_label(Exchange& exchange, Response* response);
void unset_label(Exchange& exchange, Response* response);
void lists(Exchange& exchange, Response* response);
void list(Exchange& exchange, Response* response);
void add_to_list(Exchange& exchange, Response* response);
void remove_from_list(Exchange& exchange, Response* response);
void replace_list(Exchange& exchange, Response* response);
void snoozes(Exchange& exchange, Response* response);
void snooze(Exchange& exchange, Response* response);
void end_snooze(Exchange& exchange, Response* response);
void reset_limit(Exchange& exchange, Response* response);
void snapshot(Exchange& exchange, Response* response);

}  // namespace weir::serve
