// Fuzz targets. Each takes any bytes and must return; what is wrong aborts, so that libFuzzer and the replayer both see
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::fuzz {

// Text to AST, printed and parsed again: the second tree must print like the first.
void parse_expression(std::string_view text);
// Rule files: parse, check, lower, verify.
void compile_rules(std::string_view text);
// One expression over typed variables: check, lower, verify, evaluate in both tiers, which must agree.
void evaluate_expression(std::string_view text);
// Rule files as above, then native code, which must come to the interpreter's verdict on an event of each type.
void compile_native(std::string_view text);
// A record of a log.
void decode_json(std::string_view text);
// A file of records: JSON lines or CSV, compressed or not.
void read_records(std::string_view text);
// A section of a snapshot: restored, gone on with, saved.
void restore_state(std::string_view text);
// Snapshot and log files, and events in the log.
void read_state_files(std::string_view text);
// weir.yaml.
void parse_manifest(std::string_view text);
// A bundle, and the rule set in it.
void read_bundle(std::string_view text);
// Bytes of a connection to `weir serve`: requests, and what is done about them.
void serve_http(std::string_view text);
// The IR's text form.
void parse_ir(std::string_view text);
// Its bytes in a bundle, whatever their checksum says.
void read_ir(std::string_view text);

}  // namespace weir::fuzz
