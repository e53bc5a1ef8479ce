// The targets without libFuzzer: every seed of a folder, and a fixed number of deterministic mutations of each. Stays
// in CTest.
//
//   fuzz_replay TARGET MUTATIONS PATH...   (folders of seeds, or .jsonl files of conformance cases)
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/fuzz/targets.h"

namespace {

using Target = void (*)(std::string_view);
const std::map<std::string, Target> kTargets = {{"parse_expression", weir::fuzz::parse_expression},
                                                {"evaluate_expression", weir::fuzz::evaluate_expression},
                                                {"compile_rules", weir::fuzz::compile_rules},
                                                {"compile_native", weir::fuzz::compile_native},
                                                {"decode_json", weir::fuzz::decode_json},
                                                {"read_records", weir::fuzz::read_records},
                                                {"parse_manifest", weir::fuzz::parse_manifest},
                                                {"parse_ir", weir::fuzz::parse_ir},
                                                {"read_bundle", weir::fuzz::read_bundle},
                                                {"restore_state", weir::fuzz::restore_state},
                                                {"read_state_files", weir::fuzz::read_state_files},
                                                {"read_ir", weir::fuzz::read_ir},
                                                {"serve_http", weir::fuzz::serve_http}};

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> seeds(const std::filesystem::path& path) {
  std::vector<std::string> out;
  if (path.extension() == ".jsonl") {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);)
      out.push_back(nlohmann::json::parse(line).at("expr").get<std::string>());
    return out;
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
    if (entry.is_regular_file()) out.push_back(read(entry.path()));
  return out;
}

// Byte edits, and splices of two seeds: enough to leave the grammar and come back.
std::string mutate(std::string text, const std::vector<std::string>& pool, std::mt19937_64& rng) {
  static constexpr std::string_view kBytes = "()[]{}.,:?!&|<>=+-*/%\"'`\\ \n\t\0\xff\xc3 0159eExuabrB@#$_~";
  for (uint64_t edits = 1 + rng() % 4; edits > 0; --edits) {
    size_t at = text.empty() ? 0 : rng() % text.size();
    switch (rng() % 5) {
      case 0:
        text.insert(at, 1, kBytes[rng() % kBytes.size()]);
        break;
      case 1:
        if (!text.empty()) text.erase(at, 1 + rng() % 8);
        break;
      case 2:
        if (!text.empty()) text[at] = kBytes[rng() % kBytes.size()];
        break;
      case 3:
        if (!text.empty()) text.insert(at, text.substr(rng() % text.size(), rng() % 16));
        break;
      default: {
        const std::string& other = pool[rng() % pool.size()];
        text = text.substr(0, at) + (other.empty() ? "" : other.substr(rng() % other.size()));
      }
    }
  }
  return text.substr(0, 4096);
}

}  // namespace

int main(int argc, char** argv) {
  auto target = argc > 3 ? kTargets.find(argv[1]) : kTargets.end();
  if (target == kTargets.end()) {
    fmt::print(stderr, "usage: fuzz_replay TARGET MUTATIONS PATH...\n");
    return 2;
  }
  uint64_t mutations = std::strtoull(argv[2], nullptr, 10);
  std::vector<std::string> pool;
  for (int i = 3; i < argc; ++i) {
    if (!std::filesystem::exists(argv[i])) {
      fmt::print("seeds are not here, and are left out: {}\n", argv[i]);
      continue;
    }
    for (std::string& seed : seeds(argv[i])) pool.push_back(std::move(seed));
  }
  if (pool.empty()) {
    fmt::print(stderr, "no seeds\n");
    return 1;
  }
  for (const std::string& seed : pool) target->second(seed);
  std::mt19937_64 rng(20261125);
  for (uint64_t i = 0; i < mutations; ++i) {
    std::string text = mutate(pool[rng() % pool.size()], pool, rng);
    if (std::getenv("WEIR_FUZZ_TRACE") != nullptr) std::ofstream("/tmp/weir_fuzz_last", std::ios::binary) << text;
    target->second(text);
  }
  fmt::print("{}: {} seeds, {} mutations\n", argv[1], pool.size(), mutations);
  return 0;
}
