// `x in list` for lists of 10 to 1,000,000 entries of each kind, half of the questions answered with yes; and how long
// a replacement takes.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "runtime/match/list_set.h"
#include "runtime/match/list_table.h"

namespace weir::match {
namespace {

using value::Value;

std::string entry(ir::ListKind kind, int64_t i) {
  switch (kind) {
    case ir::ListKind::kCidr:
      return fmt::format("10.{}.{}.{}", i >> 16 & 255, i >> 8 & 255, i & 255);
    case ir::ListKind::kDomain:
      return fmt::format("host{}.example{}.test", i, i % 97);
    case ir::ListKind::kInt:
      return fmt::format("{}", i);
    default:
      return fmt::format("account-{}", i);
  }
}

ir::List list_of(ir::ListKind kind, int64_t size) {
  ir::List list{"l", kind, {}};
  for (int64_t i = 0; i < size; ++i) list.values.push_back(entry(kind, i));
  return list;
}

void BM_In(benchmark::State& state, ir::ListKind kind) {
  const int64_t size = state.range(0);
  const auto set = *make_list_set(list_of(kind, size));
  constexpr int64_t kQuestions = 4096;  // the same number whatever the size, so that only the list differs
  std::vector<std::string> texts;
  for (int64_t i = 0; i < kQuestions; ++i) texts.push_back(entry(kind, i % 2 == 0 ? i * 7919 % size : size + i));
  size_t at = 0;
  for (auto _ : state) {
    const std::string& text = texts[++at % kQuestions];
    const Value v = kind == ir::ListKind::kInt ? Value::integer(std::stoll(text)) : Value::string(text);
    benchmark::DoNotOptimize(set->contains(v));
  }
}
BENCHMARK_CAPTURE(BM_In, string, ir::ListKind::kString)->Arg(10)->Arg(1000)->Arg(1'000'000);
BENCHMARK_CAPTURE(BM_In, int, ir::ListKind::kInt)->Arg(10)->Arg(1000)->Arg(1'000'000);
BENCHMARK_CAPTURE(BM_In, cidr, ir::ListKind::kCidr)->Arg(10)->Arg(1000)->Arg(1'000'000);
BENCHMARK_CAPTURE(BM_In, domain, ir::ListKind::kDomain)->Arg(10)->Arg(1000)->Arg(1'000'000);

void BM_Replace(benchmark::State& state) {
  ir::Program program;
  program.lists.push_back(list_of(ir::ListKind::kString, 1));
  const ir::List next = list_of(ir::ListKind::kString, state.range(0));
  ListTable table(program);
  for (auto _ : state) benchmark::DoNotOptimize(table.edit(0, ListTable::Edit::kReplace, next.values).ok());
}
BENCHMARK(BM_Replace)->Arg(1000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

// One entry more, again and again: of a list as loaded, then of what became of it.
void BM_Add(benchmark::State& state) {
  ir::Program program;
  program.lists.push_back(list_of(ir::ListKind::kString, state.range(0)));
  ListTable table(program);
  const std::vector<std::string> first = {"first"};
  if (!table.edit(0, ListTable::Edit::kAdd, first).ok()) return state.SkipWithError("not added");
  int64_t next = 0;
  for (auto _ : state) {
    const std::vector<std::string> one = {fmt::format("more-{}", next++)};
    benchmark::DoNotOptimize(table.edit(0, ListTable::Edit::kAdd, one).ok());
  }
}
BENCHMARK(BM_Add)->Arg(1000)->Arg(1'000'000)->Iterations(5000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace weir::match

BENCHMARK_MAIN();
