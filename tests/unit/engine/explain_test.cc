#include "runtime/explain/explain.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/engine/engine.h"
#include "tests/unit/engine/program_builder.h"

namespace weir::engine {
namespace {

using B = types::BuiltinId;

class ExplainTest : public testing::Test {
 protected:
  ir::NodeId n_is(int64_t i) { return b_.boolean(B::equals, b_.slot(b_.kN), b_.integer(i)); }
  ir::NodeId author_is(const char* a) { return b_.boolean(B::equals, b_.slot(b_.kAuthor), b_.text(a)); }
  ir::NodeId opt_is(const char* a) { return b_.boolean(B::equals, b_.slot(b_.kOpt), b_.text(a)); }
  ir::NodeId quotient() {
    const ir::NodeId q = b_.call(B::div_int, b_.p.types->integer(), {b_.integer(10), b_.slot(b_.kN)});
    return b_.boolean(B::greater_int, q, b_.integer(1));
  }
  ir::NodeId logic(ir::Op op, ir::NodeId a, ir::NodeId b) {
    const ir::NodeId args[] = {a, b};
    return b_.p.module.add(op, b_.p.types->boolean(), args);
  }
  ir::NodeId negation(ir::NodeId a) {
    const ir::NodeId args[] = {a};
    return b_.p.module.add(ir::Op::kNot, b_.p.types->boolean(), args);
  }

  // "outcome: decisive source is value; …" with sources as the operations' descriptions.
  std::string decided(ir::NodeId when, Post post) {
    b_.add_rule("r", when);
    RulesOptions options;
    options.tier = Tier::kInterpreter;
    auto rules = Rules::create(b_.build(), options);
    EXPECT_TRUE(rules.ok()) << rules.status();
    Session session(*rules, {});
    session.evaluate(0, post.row);
    const explain::Why why =
        explain::explain((*rules)->program(), 0, [&](ir::NodeId node) { return session.eval(node); });
    json_ = explain::to_json((*rules)->program(), why);
    text_ = explain::to_text((*rules)->program(), why);
    std::string out(explain::truth_name(why.outcome));
    for (const explain::WhyNode* n : why.decided_by()) {
      out += "; " + n->source;
      for (const explain::WhyNode& child : n->children) out += " [" + child.source + "=" + child.value + "]";
      out += " is " + n->value;
    }
    return out;
  }

  ProgramBuilder b_;
  std::string json_, text_;
};

TEST_F(ExplainTest, OneFalseConjunctDecides) {
  EXPECT_EQ(decided(logic(ir::Op::kAnd, n_is(1), author_is("x")), Post(1, "a", 1)),
            "false; _==_ [author=\"a\"] is false");
}

TEST_F(ExplainTest, AllConjunctsDecideWhenTrue) {
  EXPECT_EQ(decided(logic(ir::Op::kAnd, n_is(1), author_is("a")), Post(1, "a", 1)),
            "true; _==_ [n=1] is true; _==_ [author=\"a\"] is true");
}

TEST_F(ExplainTest, TheCheapestDisjunctDecides) {
  const ir::NodeId both = logic(ir::Op::kAnd, n_is(1), author_is("a"));
  EXPECT_EQ(decided(logic(ir::Op::kOr, both, negation(author_is("z"))), Post(1, "a", 1)),
            "true; _==_ [author=\"a\"] is false");
}

TEST_F(ExplainTest, AMissingFieldIsFoundAtItsRoot) {
  EXPECT_EQ(decided(logic(ir::Op::kAnd, n_is(1), opt_is("x")), Post(1, "a", 1)), "missing; opt is missing: opt");
}

TEST_F(ExplainTest, AnErrorIsFoundAtItsRoot) {
  EXPECT_EQ(decided(logic(ir::Op::kAnd, author_is("a"), quotient()), Post(1, "a", 0)).substr(0, 26),
            "error; _/_ [n=0] is error:");
}

TEST_F(ExplainTest, RendersAsJsonAndText) {
  decided(logic(ir::Op::kAnd, n_is(1), author_is("\"x\"\n")), Post(1, "a\"\n", 2));
  EXPECT_EQ(text_,
            "rule r (r): false\n"
            "   and  is false\n"
            "=>   _==_  is false\n"
            "       n  is 2\n"
            "     _==_  is false\n"
            "       author  is \"a\\\"\\n\"\n");
  EXPECT_NE(json_.find(R"("decided_by":[{"source":"_==_","value":"false"}])"), std::string::npos) << json_;
  EXPECT_NE(json_.find(R"("value":"\"a\\\"\\n\"")"), std::string::npos) << json_;
}

}  // namespace
}  // namespace weir::engine
