#include <fmt/format.h>

#include <cmath>

#include "compiler/check/module_checker.h"

namespace weir::check {

using syntax::Expr;
using types::Kind;
using types::Type;

namespace {

constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kDay = 86'400'000'000'000;
constexpr int64_t kLongestWindow = 3660 * kDay;
constexpr int64_t kMostPanes = 10'000;
constexpr int64_t kMostLast = 1'000'000;
constexpr int kDefaultPanes = 60;
constexpr int64_t kMostTop = 1000;

struct AggregationInfo {
  std::string_view name;
  Aggregation aggregation;
  size_t args;  // the value and a parameter
  std::string_view usage;
};
constexpr AggregationInfo kAggregations[] = {
    {"count", Aggregation::kCount, 0, "count()"},
    {"sum", Aggregation::kSum, 1, "sum(post.amount)"},
    {"min", Aggregation::kMin, 1, "min(post.amount)"},
    {"max", Aggregation::kMax, 1, "max(post.amount)"},
    {"mean", Aggregation::kMean, 1, "mean(post.amount)"},
    {"stddev", Aggregation::kStddev, 1, "stddev(post.amount)"},
    {"distinct", Aggregation::kDistinct, 1, "distinct(post.author)"},
    {"last", Aggregation::kLast, 1, "last(post.text)"},
    {"first", Aggregation::kFirst, 1, "first(post.text)"},
    {"top", Aggregation::kTopK, 2, "top(post.text, 10)"},
    {"quantile", Aggregation::kQuantile, 2, "quantile(post.amount, 0.95)"},
    {"entropy", Aggregation::kEntropy, 1, "entropy(post.text)"},
};

// The default pane: the finest of at most 60 equal ones of whole milliseconds.
int64_t default_pane(int64_t length) {
  for (int panes = kDefaultPanes; panes > 1; --panes) {
    if (length % panes == 0 && (length / panes) % kMillisecond == 0) return length / panes;
  }
  return length;
}

}  // namespace

void ModuleChecker::check_let(Let& let) {
  Place place;
  place.what = "let";
  place.event_open = true;
  let.type = check_at(let.value, place);
  let.event = scope_.event();
}

void ModuleChecker::check_feature(Feature& feature) {
  const syntax::FeatureStmt& ast = *feature.ast;
  file_ = ast.name.span.file;
  check_window(feature);
  if (feature.event == Place::kNoEvent) return;
  Place place = at_event("feature", feature.event);
  if (feature.where != nullptr) check_condition(feature.where, place, "`where`");
  Place inner = place;
  bool failed = false;
  if (feature.each_list != nullptr && ast.each_var) {
    const Type* list = check_at(feature.each_list, place);
    inner.each_var = &*ast.each_var;
    inner.each_type = types_.error();
    if (list != nullptr && list->is(Kind::kList)) {
      inner.each_type = list->arg(0);
    } else if (list != nullptr) {
      sink_.emit(base::DiagKind::kTypeMismatch, feature.each_list->span,
                 fmt::format("`each` goes through a list, this is `{}`", types::to_string(list)));
    }
    failed = inner.each_type->is(Kind::kError);
  }
  for (size_t i = 0; i < feature.keys.size(); ++i) {
    const Type* type = check_at(feature.keys[i], inner);
    if (type == nullptr || !check_key(*feature.keys[i], type)) {
      failed = true;
      type = types_.error();
    }
    feature.key_types[i] = type;
  }
  check_aggregation(feature, inner);
  if (failed) feature.type = nullptr;
}

void ModuleChecker::check_aggregation(Feature& feature, const Place& place) {
  const syntax::FeatureStmt& ast = *feature.ast;
  const AggregationInfo* info = nullptr;
  for (const AggregationInfo& entry : kAggregations)
    if (entry.name == ast.aggregation.text) info = &entry;
  if (info == nullptr) {
    if (ast.aggregation.text.empty()) return;
    auto diagnostic = sink_.emit(base::DiagKind::kUnknownAggregation, ast.aggregation.span,
                                 fmt::format("there is no aggregation `{}`", ast.aggregation.text));
    std::vector<std::string_view> names;
    for (const AggregationInfo& entry : kAggregations) names.push_back(entry.name);
    std::string_view guess = base::did_you_mean(ast.aggregation.text, names);
    diagnostic.hint(guess.empty() ? fmt::format("there are: {}", fmt::join(names, ", "))
                                  : fmt::format("did you mean `{}`?", guess));
    return;
  }
  feature.aggregation = info->aggregation;
  if (ast.args.size() != info->args) {
    sink_
        .emit(base::DiagKind::kBadAggregation, ast.aggregation.span,
              fmt::format("`{}` takes {} argument{}, {} given", info->name, info->args, info->args == 1 ? "" : "s",
                          ast.args.size()))
        .hint(fmt::format("write it as `{}`", info->usage));
    return;
  }
  if (info->args == 0) {
    feature.type = types_.integer();
    return;
  }
  feature.arg = ast.args[0];
  const Type* type = check_at(feature.arg, place);
  if (type == nullptr) return;

  auto refuse = [&](std::string_view needs) {
    sink_
        .emit(base::DiagKind::kBadAggregation, feature.arg->span,
              fmt::format("`{}` needs {}, this is `{}`", info->name, needs, types::to_string(type)))
        .label(ast.aggregation.span, "asked for here");
  };
  switch (info->aggregation) {
    case Aggregation::kSum:
    case Aggregation::kMean:
    case Aggregation::kStddev:
    case Aggregation::kQuantile:
      if (!is_number(type)) return refuse("a number");
      feature.type = info->aggregation == Aggregation::kSum ? type : types_.dbl();
      break;
    case Aggregation::kMin:
    case Aggregation::kMax:
    case Aggregation::kLast:
    case Aggregation::kFirst:
      if (!is_scalar(type)) return refuse("a plain value");
      feature.type = type;
      break;
    case Aggregation::kDistinct:
      if (!is_scalar(type)) return refuse("a plain value");
      feature.type = types_.integer();
      break;
    case Aggregation::kEntropy:
      if (!is_scalar(type)) return refuse("a plain value");
      feature.type = types_.dbl();
      break;
    case Aggregation::kTopK:
      if (!is_scalar(type)) return refuse("a plain value");
      feature.type = types_.list(type);
      break;
    case Aggregation::kCount:
      break;
  }
  if (info->args < 2) return;

  const Expr& parameter = *ast.args[1];
  check_at(&parameter, place);
  const syntax::Constant& c = parameter.constant;
  bool is_int = parameter.kind == syntax::ExprKind::kConst && c.kind == syntax::ConstKind::kInt;
  bool is_double = parameter.kind == syntax::ExprKind::kConst && c.kind == syntax::ConstKind::kDouble;
  feature.param = is_int ? static_cast<double>(c.i) : c.d;
  bool good = info->aggregation == Aggregation::kTopK
                  ? is_int && c.i >= 1 && c.i <= kMostTop
                  : (is_int || is_double) && feature.param >= 0 && feature.param <= 1;
  if (good) return;
  feature.type = nullptr;
  sink_
      .emit(base::DiagKind::kBadAggregation, parameter.span,
            info->aggregation == Aggregation::kTopK ? fmt::format("`top` keeps 1 to {} values, a literal", kMostTop)
                                                    : "the quantile is a literal from 0 to 1")
      .hint(fmt::format("write it as `{}`", info->usage));
}

void ModuleChecker::check_window(Feature& feature) {
  syntax::WindowClause& window = feature.window;
  auto refuse = [&](base::Span span, std::string message, std::string hint = {}) {
    sink_.emit(base::DiagKind::kBadWindow, span, std::move(message)).hint(std::move(hint));
  };
  if (window.kind != syntax::WindowKind::kDuration && (window.pane || window.exact)) {
    refuse(window.pane ? window.pane->span : window.span, "only a window of a fixed length has panes, or is exact",
           fmt::format("leave out the `{}`", window.pane ? "every" : "exact"));
    return;
  }
  if (window.pane && window.exact) {
    refuse(window.pane->span, "an exact window has no panes", "leave out the `every`, or the `exact`");
    return;
  }
  switch (window.kind) {
    case syntax::WindowKind::kAll:
      return;
    case syntax::WindowKind::kLast:
      if (window.count < 1 || window.count > kMostLast) {
        refuse(window.span, fmt::format("`last` keeps 1 to {} events a key", kMostLast));
      }
      return;
    case syntax::WindowKind::kSession:
    case syntax::WindowKind::kDuration:
      break;
  }
  int64_t length = window.length.nanos;
  if (length < kMillisecond || length > kLongestWindow) {
    if (length != 0 || window.length.span.size() > 0) {
      refuse(window.length.span, "a window is from 1ms to 3660d long", "write it as `10m`, `24h` or `7d`");
    }
    return;
  }
  if (window.kind == syntax::WindowKind::kSession || window.exact) return;
  if (!window.pane) {
    window.pane = syntax::DurationLit{default_pane(length), window.length.span};
    return;
  }
  int64_t pane = window.pane->nanos;
  if (pane <= 0) {
    refuse(window.pane->span, "a pane is longer than zero",
           "write it as `every 10s`; without it the window has 60 panes");
  } else if (pane < kMillisecond || pane > length || length % pane != 0) {
    refuse(window.pane->span, "the window is not a whole number of these panes", "choose a pane that divides it");
  } else if (length / pane > kMostPanes) {
    refuse(window.pane->span, fmt::format("the window has {} panes, {} at most", length / pane, kMostPanes),
           "choose longer panes, or `exact`");
  }
}

}  // namespace weir::check
