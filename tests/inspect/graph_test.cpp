#include "catch.hpp"

#include <string>

#include <xtape/inspect/graph.hpp>
#include <xtape/ops/ops.hpp>

using Catch::Matchers::ContainsSubstring, Catch::Matchers::StartsWith;
using namespace xtape;
using inspect::dot;

namespace {

const parameter<double> w(array<double>{{0.5, -1}, {2, 3}}, "layer.\"w\"");
const array<double> x{{1, 2}};

}  // namespace

TEST_CASE("a tape drawn", "[inspect][graph]") {
  const tape recording;
  const int line = __LINE__ + 1;
  const variable<double> y = tanh(matmul(x, w)).named("layer.h");
  const std::string place = "graph_test.cpp:" + std::to_string(line);
  const std::string text = dot(y);
  CHECK(text ==
        "digraph tape {\n  rankdir=BT;\n  ranksep=0.3;\n"
        "  node [fontname=\"Helvetica\", fontsize=11, shape=box, margin=\"0.12,0.04\"];\n"
        "  \"%0\" [style=rounded, label=\"matmul  %0\\n(1, 2)\\n" +
            place +
            "\"];\n"
            "  \"leaf 1\" [style=dashed, label=\"constant (1, 2)\"];\n"
            "  \"leaf 2\" [label=\"layer.\\\"w\\\" (2, 2)\"];\n"
            "  \"%1\" [style=rounded, label=\"tanh  %1\\nlayer.h (1, 2)\\n" +
            place +
            "\"];\n"
            "  \"%0\" -> \"%1\";\n  \"leaf 1\" -> \"%0\";\n  \"leaf 2\" -> \"%0\";\n}\n");
}

TEST_CASE("a drawing with numbers", "[inspect][graph]") {
  const parameter<float> a(array<float>{1, 2, 2}, "a");
  tape recording;
  recording.keep_intermediates();
  const variable<float> y = sum(a * a);
  const std::string text = dot(y, {.values = 3, .gradients = true});
  CHECK_THAT(text, ContainsSubstring("[label=\"a (3)\\n1 2 2\\ngradient RMS 3.4641\"]"));
  CHECK_THAT(text, ContainsSubstring("multiply  %0\\n(3)\\n1 4 4\\ngradient RMS 1\\n"));
  CHECK_THAT(text, ContainsSubstring("sum  %1\\n()\\n9\\ngradient RMS 1\\n"));
  CHECK_THAT(dot(y, {.values = 2}), !ContainsSubstring("1 2 2"));
  CHECK(!a.has_grad());
}

TEST_CASE("constants that the tape did not keep", "[inspect][graph]") {
  const tape recording;
  const std::string text = dot(w + array<double>{1, 2});
  CHECK_THAT(text, ContainsSubstring("\"%0.1\" [style=dashed, label=\"constant\"];\n"));
  CHECK_THAT(text, ContainsSubstring("\"%0.1\" -> \"%0\";\n"));
}

TEST_CASE("scopes become boxes", "[inspect][graph]") {
  const parameter<double> v(array<double>{{1, 0}, {1, 0}}, "head.v");
  const tape recording;
  const variable<double> h = tanh(matmul(x, w));
  const variable<double> y = sum(matmul(h, v));
  const std::string text = dot(y, {.gradients = true, .collapse = true});
  // The last result of a scope; of dy/dh, of which each of two elements gets 1.
  CHECK_THAT(text, ContainsSubstring("\"layer\" [shape=box3d, label=\"layer\\n2 operations\\n(1, 2)"
                                     "\\ngradient RMS 1\"];\n"));
  CHECK_THAT(text, ContainsSubstring("\"head\" [shape=box3d, label=\"head\\n2 operations\\n()"));
  CHECK_THAT(text, ContainsSubstring("\"layer\" -> \"head\";\n"));
  CHECK_THAT(text, !ContainsSubstring("matmul"));
  CHECK_THAT(text, !ContainsSubstring("leaf"));
  CHECK_THAT(text, !ContainsSubstring("\"layer\" -> \"layer\""));
}

TEST_CASE("a named result stands in the scope of its name, or in none", "[inspect][graph]") {
  const tape recording;
  const variable<double> h = tanh(matmul(x, w)).named("other.h");
  const variable<double> loss = sum(h).named("loss");
  const std::string text = dot(loss, {.collapse = true});
  CHECK_THAT(text, ContainsSubstring("\"layer\" [shape=box3d, label=\"layer\\n1 operation\\n"));
  CHECK_THAT(text, ContainsSubstring("\"other\" [shape=box3d, label=\"other\\n1 operation\\n"));
  CHECK_THAT(text, ContainsSubstring("[style=rounded, label=\"sum  %2\\nloss ()"));
  CHECK_THAT(text, ContainsSubstring("\"other\" -> \"%2\";\n"));
}

TEST_CASE("there is nothing to draw of what was not recorded", "[inspect][graph][errors]") {
  CHECK_THROWS_WITH(dot(w), StartsWith("dot: a parameter is not the result of any operation"));
}
