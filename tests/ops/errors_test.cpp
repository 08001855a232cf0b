#include "ops/errors.hpp"

#include "catch.hpp"

#include <xtape/ops/ops.hpp>

using namespace xtape;

namespace {

array<double> some(const shape_type& shape) { return full<double>(shape, 0.5); }

}  // namespace

TEST_CASE("shapes that do not broadcast", "[ops][errors]") {
  errors::witness w;
  const parameter<double> c(some({4}));
  const std::string pair = "(2, 3) and (4): sizes 3 and 4 do not broadcast";
  w.check<shape_error>("add: " + pair, [&](int& line) { line = __LINE__, w.a + c; });
  w.check<shape_error>("subtract: " + pair, [&](int& line) { line = __LINE__, w.a - c; });
  w.check<shape_error>("multiply: " + pair, [&](int& line) { line = __LINE__, w.a * c; });
  w.check<shape_error>("divide: " + pair, [&](int& line) { line = __LINE__, w.a / c; });
  w.check<shape_error>("gate: " + pair, [&](int& line) { line = __LINE__, gate(w.a, c); });
  w.check<shape_error>("add: (2, 3) and (2): sizes 3 and 2 do not broadcast",
                       [&](int& line) { line = __LINE__, w.a + some({2}); });
  w.check<shape_error>("multiply: (2) and (2, 3): sizes 2 and 3 do not broadcast",
                       [&](int& line) { line = __LINE__, some({2}) * w.a; });
  w.check<shape_error>("add: (2, 3) and (0): sizes 3 and 0 do not broadcast",
                       [&](int& line) { line = __LINE__, w.a + some({0}); });
}

TEST_CASE("the line is the operand's, or at_line's", "[ops][errors]") {
  errors::witness w;
  const parameter<double> c(some({4}));
  w.check<shape_error>("matmul: (2, 3) x (4): inner dimensions 3 and 4 differ", [&](int& line) {
    const at_line outer({__FILE__, line = 7});
    const at_line inner({__FILE__, 8});
    matmul(w.a, c);
  });
  w.check<shape_error>("add: (2, 3) and (4): sizes 3 and 4 do not broadcast", [&](int& line) {
    line = __LINE__ + 1;
    const variable<double> y = w.a + c;
  });
  const auto helper = [](const variable<double>& x, const variable<double>& y,
                         location where = location::current()) {
    const at_line line(where);
    return sum(x * y);
  };
  w.check<shape_error>("multiply: (2, 3) and (4): sizes 3 and 4 do not broadcast",
                       [&](int& line) { line = __LINE__, helper(w.a, c); });
  // The scope is over, by the exception too.
  w.check<shape_error>("multiply: (2, 3) and (4): sizes 3 and 4 do not broadcast",
                       [&](int& line) { line = __LINE__, w.a * c; });
}

TEST_CASE("an axis that is not there, or named twice", "[ops][errors]") {
  errors::witness w;
  const std::string no_axis = ": (2, 3) has no axis ";
  w.check<shape_error>("softmax" + no_axis + "2",
                       [&](int& line) { line = __LINE__, softmax(w.a, 2); });
  w.check<shape_error>("log_softmax" + no_axis + "-3",
                       [&](int& line) { line = __LINE__, log_softmax(w.a, -3); });
  w.check<shape_error>("softmax: () has no axis -1",
                       [&](int& line) { line = __LINE__, softmax(some({})); });
  w.check<shape_error>("sum" + no_axis + "2", [&](int& line) {
    line = __LINE__, sum(w.a, {0, 2});
  });
  w.check<shape_error>("mean" + no_axis + "5", [&](int& line) { line = __LINE__, mean(w.a, {5}); });
  w.check<shape_error>("logsumexp" + no_axis + "-4",
                       [&](int& line) { line = __LINE__, logsumexp(w.a, {-4}); });
  const std::string twice = ": axis -1 of (2, 3) is named twice";
  w.check<shape_error>("sum" + twice, [&](int& line) { line = __LINE__, sum(w.a, {1, -1}); });
  w.check<shape_error>("mean" + twice, [&](int& line) { line = __LINE__, mean(w.a, {1, -1}); });
  w.check<shape_error>("logsumexp" + twice, [&](int& line) {
    line = __LINE__, logsumexp(w.a, {1, -1});
  });
  w.check<shape_error>("transpose" + twice, [&](int& line) {
    line = __LINE__, transpose(w.a, {1, -1});
  });
  w.check<shape_error>("transpose" + no_axis + "2", [&](int& line) {
    line = __LINE__, transpose(w.a, {0, 2});
  });
  w.check<shape_error>("transpose: (2, 3) by (0): 1 axes for 2",
                       [&](int& line) { line = __LINE__, transpose(w.a, {0}); });
}

TEST_CASE("products of shapes that do not fit", "[ops][errors]") {
  errors::witness w;
  w.check<shape_error>("matmul: (128, 784) x (256, 10): inner dimensions 784 and 256 differ",
                       [&](int& line) {
                         line = __LINE__, matmul(some({128, 784}), some({256, 10}));
                       });
  w.check<shape_error>("matmul: (2, 3) x (): a scalar is neither a vector nor a matrix",
                       [&](int& line) { line = __LINE__, matmul(w.a, 2); });
  w.check<shape_error>("affine: (2, 3) x (2, 3) + (3): inner dimensions 3 and 2 differ",
                       [&](int& line) { line = __LINE__, affine(w.a, w.a, w.b); });
  w.check<shape_error>("affine: (3) x (2, 3) + (3): both must be matrices",
                       [&](int& line) { line = __LINE__, affine(w.b, w.a, w.b); });
  w.check<shape_error>("affine: (2, 3) x (3, 4) + (3): the bias must have shape (4)",
                       [&](int& line) {
                         line = __LINE__, affine(w.a, some({3, 4}), w.b);
                       });
  w.check<shape_error>("affine: (2, 3) x (3, 4) + (1, 4): the bias must have shape (4)",
                       [&](int& line) {
                         line = __LINE__, affine(w.a, some({3, 4}), some({1, 4}));
                       });
}

TEST_CASE("shapes that elements do not fill", "[ops][errors]") {
  errors::witness w;
  w.check<shape_error>("reshape: (2, 3) to (4, 2): 6 elements do not fill 8", [&](int& line) {
    line = __LINE__, reshape(w.a, {4, 2});
  });
  w.check<shape_error>("reshape: (2, 3) to (4, -1): no size fits the place of -1", [&](int& line) {
    line = __LINE__, reshape(w.a, {4, -1});
  });
  w.check<shape_error>("reshape: (2, 3) to (-1, -1): more than one size is -1", [&](int& line) {
    line = __LINE__, reshape(w.a, {-1, -1});
  });
  w.check<shape_error>("reshape: (2, 3) to (-2, 3): size -2 is negative", [&](int& line) {
    line = __LINE__, reshape(w.a, {-2, 3});
  });
  w.check<shape_error>("reshape: (0) to (0, -1): no size fits the place of -1", [&](int& line) {
    line = __LINE__, reshape(some({0}), {0, -1});
  });
  w.check<shape_error>("array: 9 axes: at most 8 are supported", [&](int&) {
    reshape(w.a, {1, 1, 1, 1, 1, 1, 1, 2, 3});
  });
  w.check<shape_error>("broadcast_to: (2, 3) to (3, 2): (2, 3) does not broadcast to (3, 2)",
                       [&](int& line) {
                         line = __LINE__, broadcast_to(w.a, {3, 2});
                       });
  w.check<shape_error>("broadcast_to: (2, 3) to (3): (2, 3) does not broadcast to (3)",
                       [&](int& line) { line = __LINE__, broadcast_to(w.a, {3}); });
  w.check<shape_error>("sum_to: (2, 3) to (2): (2) does not broadcast to (2, 3)",
                       [&](int& line) { line = __LINE__, sum_to(w.a, {2}); });
  w.check<shape_error>("sum_to: (2, 3) to (1, 2, 3): (1, 2, 3) does not broadcast to (2, 3)",
                       [&](int& line) {
                         line = __LINE__, sum_to(w.a, {1, 2, 3});
                       });
}

TEST_CASE("losses: labels, targets and batches that cannot be", "[ops][errors]") {
  errors::witness w;
  using labels = std::vector<int>;
  const std::string op = "softmax_cross_entropy: ";
  w.check<domain_error>(op + "label 3 at index 1: labels must be 0..2", [&](int& line) {
    line = __LINE__, softmax_cross_entropy(w.a, labels{0, 3});
  });
  w.check<domain_error>(op + "label -1 at index 0: labels must be 0..2", [&](int& line) {
    line = __LINE__, softmax_cross_entropy(w.a, labels{-1, 0});
  });
  w.check<shape_error>(op + "(2, 3) and 3 labels", [&](int& line) {
    line = __LINE__, softmax_cross_entropy(w.a, labels{0, 1, 2});
  });
  w.check<shape_error>(op + "(3): must be (batch, classes)",
                       [&](int& line) { line = __LINE__, softmax_cross_entropy(w.b, labels{0}); });
  w.check<domain_error>(op + "(0, 3): the batch is empty", [&](int& line) {
    line = __LINE__, softmax_cross_entropy(some({0, 3}), labels{});
  });
  w.check<domain_error>(op + "(2, 0): there are no classes", [&](int& line) {
    line = __LINE__, softmax_cross_entropy(some({2, 0}), labels{0, 0});
  });
  w.check<shape_error>(op + "(2, 3) and (3): the shapes differ",
                       [&](int& line) { line = __LINE__, softmax_cross_entropy(w.a, w.b); });
  w.check<domain_error>(op + "(0, 3): the batch is empty", [&](int& line) {
    line = __LINE__, softmax_cross_entropy(some({0, 3}), some({0, 3}));
  });
  w.check<shape_error>("mse: (2, 1) and (2): the shapes differ", [&](int& line) {
    line = __LINE__, mse(some({2, 1}), some({2}));
  });
  w.check<domain_error>("mse: (0) and (0): there is nothing to average",
                        [&](int& line) { line = __LINE__, mse(some({0}), some({0})); });
  w.check<domain_error>("mean: (0, 3): there is nothing to average", [&](int& line) {
    line = __LINE__, mean(variable<double>(some({0, 3})));
  });
  w.check<domain_error>("mean: (0, 3): there is nothing to average", [&](int& line) {
    line = __LINE__, mean(variable<double>(some({0, 3})), {0});
  });
  w.check<domain_error>("mean: (2, 0): there is nothing to average", [&](int& line) {
    line = __LINE__, mean(variable<double>(some({2, 0})), {1});
  });
}

TEST_CASE("clip with its ends the wrong way round", "[ops][errors]") {
  errors::witness w;
  w.check<domain_error>("clip: low = 2, high = 1: low must not be greater than high",
                        [&](int& line) { line = __LINE__, clip(w.a, 2, 1); });
  w.check<domain_error>("clip: low = nan, high = 1: low must not be greater than high",
                        [&](int& line) { line = __LINE__, clip(w.a, std::nan(""), 1); });
}
