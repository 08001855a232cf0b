// What the table cannot draw at random: ties and NaN in windows, and the errors of convolution and pooling.

#include <limits>

#include <xtape/array/machine.hpp>
#include <xtape/array/rng.hpp>
#include <xtape/calculus/grad.hpp>
#include <xtape/ops/ops.hpp>

#include "catch.hpp"
#include "ops/errors.hpp"

using namespace xtape;

namespace {

array<double> some(const shape_type& shape) { return full<double>(shape, 0.5); }

// Rows of numbers as one image of one channel.
array<double> image(const array<double>& rows) {
  array<double> x = empty<double>({1, 1, rows.shape()[0], rows.shape()[1]});
  std::copy(rows.begin(), rows.end(), x.begin());
  return x;
}

}  // namespace

TEST_CASE("equal greatest elements of a window share the cotangent", "[ops]") {
  const double nan = std::numeric_limits<double>::quiet_NaN(),
               inf = std::numeric_limits<double>::infinity();
  const parameter<double> x(
      image({{1, 1, 0, 0}, {1, -1, 0, 0}, {-inf, -inf, nan, 2}, {-inf, -inf, nan, 3}}));
  const tape recording;
  const variable<double> y = max_pool2d(x, 2);
  CHECK(y.value()(0, 0, 0, 0) == 1);
  CHECK(y.value()(0, 0, 1, 0) == -inf);
  CHECK(std::isnan(y.value()(0, 0, 1, 1)));
  y.backward(image({{3, 4}, {8, 6}}));
  CHECK((x.grad() == image({{1, 1, 1, 1}, {1, 0, 1, 1}, {2, 2, 3, 0}, {2, 2, 3, 0}})));
}

TEST_CASE("an element that is the greatest of several windows gets all their cotangents", "[ops]") {
  const parameter<double> x(image({{1, 5, 5}, {0, 2, 1}}));
  const tape recording;
  const variable<double> y = max_pool2d(x, 2, {.stride = 1});
  y.backward(image({{3, 8}}));
  CHECK((x.grad() == image({{0, 7, 4}, {0, 0, 0}})));
  // The derivative of that by the cotangent: the mean over the greatest elements.
  const parameter<double> g(image({{3, 8}}));
  const variable<double> to_x = vjp(y, g, {x}, {.create_graph = true})[0];
  CHECK((to_x.value() == image({{0, 7, 4}, {0, 0, 0}})));
  const array<double> h = image({{1, 2, 4}, {8, 16, 32}});
  CHECK((vjp(to_x, h, {g})[0].value() == image({{2, 3}})));
}

TEST_CASE("the mean of a window counts the padding as zeros", "[ops]") {
  const variable<double> y = avg_pool2d(image({{4, 8}, {12, 16}}), 2, {.padding = 1});
  CHECK((y.value() == image({{1, 2}, {3, 4}})));
}

TEST_CASE("a convolution's derivatives are recorded as the two other products", "[ops]") {
  const parameter<double> x(some({1, 2, 3, 3})), w(some({2, 2, 2, 2})), b(some({2}));
  const tape recording;
  const variable<double> y = sum(conv2d(x, w, b));
  const std::size_t before = recording.size();
  grad(y, {x, w, b}, {.create_graph = true});
  std::string names;
  for (std::size_t i = before; i < recording.size(); ++i)
    names += std::string(recording[i].operation()) + " ";
  CHECK(names.find("conv2d_to_x ") != std::string::npos);
  CHECK(names.find("conv2d_to_weight ") != std::string::npos);
}

TEST_CASE("no number of threads changes a convolution, or its derivatives", "[ops]") {
  xtape::rng random(1);
  const parameter<float> x(random.normal<float>({24, 6, 12, 12})),
      w(random.normal<float>({10, 6, 3, 3})), b(random.normal<float>({10}));
  const auto run = [&](int threads) {
    const int before = num_threads();
    set_num_threads(threads);
    for (const parameter<float>* const each : {&x, &w, &b}) each->zero_grad();
    const tape recording;
    const variable<float> y = max_pool2d(conv2d(x, w, b, {.padding = 1}), 2);
    sum(square(y)).backward();
    set_num_threads(before);
    return std::vector<array<float>>{y.value(), x.grad(), w.grad(), b.grad()};
  };
  CHECK(run(1) == run(2));
}

TEST_CASE("what convolution refuses", "[ops][errors]") {
  errors::witness witness;
  const auto misfit = [&](const std::string& text, const shape_type& x, const shape_type& w,
                          const conv2d_options& how) {
    witness.check<shape_error>("conv2d: " + text, [&](int& line) {
      line = __LINE__ + 1;
      conv2d(some(x), some(w), how);
    });
  };
  const auto refused = [&](const std::string& text, const conv2d_options& how) {
    witness.check<domain_error>("conv2d: (1, 2, 4, 4) x (2, 2, 3, 3): " + text, [&](int& line) {
      line = __LINE__ + 1;
      conv2d(some({1, 2, 4, 4}), some({2, 2, 3, 3}), how);
    });
  };
  const std::string layout =
      ": images are (n, c, h, w), the weight is (c_out, c_in / groups, h, w)";
  misfit("(2, 4, 4) x (2, 2, 3, 3)" + layout, {2, 4, 4}, {2, 2, 3, 3}, {});
  misfit("(1, 2, 4, 4) x (2, 3, 3)" + layout, {1, 2, 4, 4}, {2, 3, 3}, {});
  misfit("(1, 3, 4, 4) x (2, 2, 3, 3): 3 channels, and the weight is for 2", {1, 3, 4, 4},
         {2, 2, 3, 3}, {});
  misfit("(1, 4, 4, 4) x (2, 4, 3, 3): 4 channels in 2 groups, and the weight is for 4 each",
         {1, 4, 4, 4}, {2, 4, 3, 3}, {.groups = 2});
  misfit("(1, 4, 4, 4) x (3, 2, 3, 3): 3 output channels are not 2 equal groups", {1, 4, 4, 4},
         {3, 2, 3, 3}, {.groups = 2});
  misfit("(1, 1, 4, 4) x (1, 1, 0, 3): the kernel is empty", {1, 1, 4, 4}, {1, 1, 0, 3}, {});
  misfit(
      "(1, 1, 2, 4) x (1, 1, 3, 3): a window of 3 rows does not fit into the 2 of the padded image",
      {1, 1, 2, 4}, {1, 1, 3, 3}, {});
  misfit(
      "(1, 1, 4, 4) x (1, 1, 3, 3): a window of 3 columns, 4 apart, does not fit into the 8 of the "
      "padded image",
      {1, 1, 4, 4}, {1, 1, 3, 3}, {.padding = {3, 2}, .dilation = 4});
  misfit(
      "(1, 1, 0, 4) x (1, 1, 1, 1): a window of 1 rows does not fit into the 0 of the padded image",
      {1, 1, 0, 4}, {1, 1, 1, 1}, {});
  misfit("(1, 2, 4, 4) to (1, 2, 4294967294, 4294967294): there are no arrays of that size",
         {1, 2, 4, 4}, {2, 2, 5, 5}, {.padding = 2147483647});
  refused("stride = (0, 1): must be positive", {.stride = {0, 1}});
  refused("padding = (0, -1): must not be negative", {.padding = {0, -1}});
  refused("dilation = (0, 0): must be positive", {.dilation = 0});
  refused("stride = (4294967296, 4294967296): must not be above 2147483647",
          {.stride = 4294967296});
  refused("groups = 0: must be positive", {.groups = 0});
  witness.check<shape_error>(
      "conv2d: (1, 2, 4, 4) x (3, 2, 3, 3) + (2): the bias must have shape (3)", [&](int& line) {
        line = __LINE__ + 1;
        conv2d(some({1, 2, 4, 4}), some({3, 2, 3, 3}), some({2}));
      });
}

TEST_CASE("what pooling refuses", "[ops][errors]") {
  errors::witness witness;
  const auto misfit = [&](const std::string& text, const shape_type& x, size2d window,
                          const pool2d_options& how) {
    witness.check<shape_error>("max_pool2d: " + text, [&](int& line) {
      line = __LINE__ + 1;
      max_pool2d(some(x), window, how);
    });
    witness.check<shape_error>("avg_pool2d: " + text, [&](int& line) {
      line = __LINE__ + 1;
      avg_pool2d(some(x), window, how);
    });
  };
  const auto refused = [&](const std::string& text, size2d window, const pool2d_options& how) {
    witness.check<domain_error>("max_pool2d: (1, 2, 4, 4): " + text, [&](int& line) {
      line = __LINE__ + 1;
      max_pool2d(some({1, 2, 4, 4}), window, how);
    });
  };
  misfit("(2, 4, 4): images are (n, c, h, w)", {2, 4, 4}, 2, {});
  misfit("(1, 2, 4, 2): a window of 3 columns does not fit into the 2 of the padded image",
         {1, 2, 4, 2}, 3, {});
  refused("window = (2, 0): must be positive", {2, 0}, {});
  refused("stride = (0, 2): must be positive", 2, {.stride = {0, 2}});
  refused("padding = (-1, -1): must not be negative", 2, {.padding = -1});
  refused("padding = (1, 2): must not be above half the window, (3, 3)", 3, {.padding = {1, 2}});
  refused("window = (4294967296, 2): must not be above 2147483647", {4294967296, 2}, {});
}
