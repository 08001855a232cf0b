// What layers refuse, word for word, and the lines at which they record.

#include <xtape/nn/nn.hpp>
#include <xtape/ops/ops.hpp>

#include "catch.hpp"
#include "ops/errors.hpp"

#include <cmath>
#include <functional>
#include <initializer_list>
#include <limits>
#include <string>

using namespace xtape::nn;
using xtape::array;
using xtape::variable;

static const xtape::init::initializer weights = xtape::init::normal(0, 0.5);

TEST_CASE("what layers refuse when they are made", "[nn][errors]") {
  errors::witness witness;
  xtape::rng random(1);
  const auto refused = [&](const std::string& text, const std::function<void(int&)>& f) {
    witness.check<xtape::domain_error>(text, f);
  };
  refused("dropout: p = 1: must be in [0, 1)", [&](int& line) {
    line = __LINE__ + 1;
    dropout(1, random);
  });
  refused("dropout: p = -0.1: must be in [0, 1)", [&](int& line) {
    line = __LINE__ + 1;
    dropout(-0.1, random);
  });
  refused("dropout: p = nan: must be in [0, 1)", [&](int& line) {
    line = __LINE__ + 1;
    dropout(std::nan(""), random);
  });
  CHECK(random == xtape::rng(1));
  refused("batch_norm: 0: there is at least one feature", [&](int& line) {
    line = __LINE__ + 1;
    batch_norm<float>(0);
  });
  refused("batch_norm: epsilon = 0: must be positive and finite", [&](int& line) {
    line = __LINE__ + 1;
    batch_norm<float>(3, {.epsilon = 0});
  });
  refused("batch_norm: momentum = 1.5: must be in [0, 1]", [&](int& line) {
    line = __LINE__ + 1;
    batch_norm<float>(3, {.momentum = 1.5});
  });
  refused("batch_norm: 4611686018427387904: too many weights", [&](int& line) {
    line = __LINE__ + 1;
    batch_norm<float>(4611686018427387904);
  });
  refused("layer_norm: 3, 0: there is at least one feature", [&](int& line) {
    line = __LINE__ + 1;
    layer_norm<float>({3, 0});
  });
  refused("layer_norm: -2: there is at least one feature", [&](int& line) {
    line = __LINE__ + 1;
    layer_norm<float>(-2);
  });
  refused("layer_norm: there are no axes", [&](int& line) {
    line = __LINE__ + 1;
    layer_norm<float>{xtape::axis_list()};
  });
  refused("layer_norm: 4294967296, 4294967296: too many weights", [&](int& line) {
    line = __LINE__ + 1;
    layer_norm<float>({4294967296, 4294967296});
  });
  refused("layer_norm: epsilon = inf: must be positive and finite", [&](int& line) {
    line = __LINE__ + 1;
    layer_norm<float>(3, {.epsilon = INFINITY});
  });
  refused(
      "conv2d: 0 to 8 channels, window (3, 3): a layer has at least one channel on either side, "
      "and a window",
      [&](int& line) {
        line = __LINE__ + 1;
        conv2d<float>(0, 8, 3, weights, random);
      });
  refused(
      "conv2d: 1 to 8 channels, window (3, 0): a layer has at least one channel on either side, "
      "and a window",
      [&](int& line) {
        line = __LINE__ + 1;
        conv2d<float>(1, 8, {3, 0}, weights, random);
      });
  refused("conv2d: 1 to 8 channels, window (3, 3): stride = (0, 0): must be positive",
          [&](int& line) {
            line = __LINE__ + 1;
            conv2d<float>(1, 8, 3, weights, random, {.stride = 0});
          });
  refused("conv2d: 1 to 8 channels, window (3, 3): padding = (1, -1): must not be negative",
          [&](int& line) {
            line = __LINE__ + 1;
            conv2d<float>(1, 8, 3, weights, random, {.padding = {1, -1}});
          });
  refused("conv2d: 1 to 8 channels, window (3, 3): dilation = (0, 1): must be positive",
          [&](int& line) {
            line = __LINE__ + 1;
            conv2d<float>(1, 8, 3, weights, random, {.dilation = {0, 1}});
          });
  refused("conv2d: 4 to 8 channels, window (3, 3): groups = 0: must be positive", [&](int& line) {
    line = __LINE__ + 1;
    conv2d<float>(4, 8, 3, weights, random, {.groups = 0});
  });
  refused(
      "conv2d: 4 to 6 channels, window (3, 3): groups = 4: both numbers of channels must be "
      "multiples",
      [&](int& line) {
        line = __LINE__ + 1;
        conv2d<float>(4, 6, 3, weights, random, {.groups = 4});
      });
  refused("conv2d: 1 to 4294967296 channels, window (65536, 65536): too many weights",
          [&](int& line) {
            line = __LINE__ + 1;
            conv2d<float>(1, 4294967296, 65536, weights, random);
          });
  refused("embedding: 0 rows of 3: a table has at least one row of at least one number",
          [&](int& line) {
            line = __LINE__ + 1;
            embedding<float>(0, 3, weights, random);
          });
  refused("embedding: 4294967296 rows of 4294967296: too many weights", [&](int& line) {
    line = __LINE__ + 1;
    embedding<float>(4294967296, 4294967296, weights, random);
  });
  refused("lstm: 0 to 3: a layer has at least one input and one hidden unit", [&](int& line) {
    line = __LINE__ + 1;
    lstm<float>(0, 3, weights, weights, random);
  });
  refused("gru: 3 to -1: a layer has at least one input and one hidden unit", [&](int& line) {
    line = __LINE__ + 1;
    gru_cell<float>(3, -1, weights, weights, random);
  });
  refused("rnn: 1 to 4294967296: too many weights", [&](int& line) {
    line = __LINE__ + 1;
    rnn<float>(1, 4294967296, weights, weights, random);
  });
}

TEST_CASE("what layers refuse when they are called", "[nn][errors]") {
  errors::witness witness;
  xtape::rng random(1);
  const auto of = [](std::initializer_list<std::size_t> shape) {
    return xtape::zeros<double>(shape);
  };
  const auto misfit = [&](const std::string& text, const std::function<void(int&)>& f) {
    witness.check<xtape::shape_error>(text, f);
  };
  const auto refused = [&](const std::string& text, const std::function<void(int&)>& f) {
    witness.check<xtape::domain_error>(text, f);
  };
  const batch_norm<double> norm(3);
  misfit("batch_norm: (2, 4) for 3 features: they are the second axis", [&](int& line) {
    line = __LINE__ + 1;
    norm(of({2, 4}));
  });
  misfit("batch_norm: (3) for 3 features: they are the second axis", [&](int& line) {
    line = __LINE__ + 1;
    norm(of({3}));
  });
  refused("batch_norm: (1, 3) in training: a feature has 1 value, and no variance", [&](int& line) {
    line = __LINE__ + 1;
    norm(of({1, 3}));
  });
  refused("batch_norm: (0, 3, 2) in training: a feature has 0 values, and no variance",
          [&](int& line) {
            line = __LINE__ + 1;
            norm(of({0, 3, 2}));
          });
  CHECK((norm.num_batches_tracked.value()() == 0));
  {
    const evaluation mode;
    CHECK(norm(of({1, 3})).size() == 3);
  }
  const layer_norm<double> planes({3, 2});
  misfit("layer_norm: (4, 2, 3) for (3, 2): the last axes must have these sizes", [&](int& line) {
    line = __LINE__ + 1;
    planes(of({4, 2, 3}));
  });
  misfit("layer_norm: (2) for (3, 2): the last axes must have these sizes", [&](int& line) {
    line = __LINE__ + 1;
    planes(of({2}));
  });
  const conv2d<double> kernels(2, 4, 3, weights, random);
  misfit("conv2d: (5, 3, 8, 8) x (4, 2, 3, 3) + (4): 3 channels, and the weight is for 2",
         [&](int& line) {
           line = __LINE__ + 1;
           kernels(of({5, 3, 8, 8}));
         });
  misfit("avg_pool2d: (2, 3): images are (n, c, h, w)", [&](int& line) {
    const avg_pool2d layer(2);
    line = __LINE__ + 1;
    layer(of({2, 3}));
  });
  refused("max_pool2d: (2, 3, 4, 4): padding = (2, 2): must not be above half the window, (3, 3)",
          [&](int& line) {
            const max_pool2d layer(3, {.padding = 2});
            line = __LINE__ + 1;
            layer(of({2, 3, 4, 4}));
          });
  const embedding<double> table(5, 3, weights, random);
  refused("embedding: (5, 3) at 5, element (2) of the indices: it must be one of 0..4",
          [&](int& line) {
            line = __LINE__ + 1;
            table({0, 4, 5});
          });
  refused("embedding: (5, 3) at -1, element (0) of the indices: it must be one of 0..4",
          [&](int& line) {
            line = __LINE__ + 1;
            table({-1});
          });
  refused("embedding: (5, 3) at 1.5, element (1, 0) of the indices: it must be one of 0..4",
          [&](int& line) {
            const array<double> x{{0, 1}, {1.5, 7}};
            line = __LINE__ + 1;
            table(x);
          });
  refused("embedding: (5, 3) at nan, element () of the indices: it must be one of 0..4",
          [&](int& line) {
            line = __LINE__ + 1;
            table(std::nan(""));
          });
  misfit("flatten: (3) has no axis 1", [&](int& line) {
    const flatten layer;
    line = __LINE__ + 1;
    layer(of({3}));
  });
  const residual narrower(
      [](const variable<double>& x) { return xtape::sum(x, {1}, {.keep_dims = true}); });
  misfit("residual: (2, 3) + (2, 1): what is added must have the input's shape", [&](int& line) {
    line = __LINE__ + 1;
    narrower(of({2, 3}));
  });
  const rnn<double> elman(3, 2, weights, weights, random);
  misfit("rnn: (4, 3) for 3 features: x is (batch, steps, features)", [&](int& line) {
    line = __LINE__ + 1;
    elman(of({4, 3}));
  });
  misfit("rnn: () for 3 features: x is (batch, steps, features)", [&](int& line) {
    line = __LINE__ + 1;
    elman(of({}));
  });
  misfit("rnn: (4, 5, 2) for 3 features: x is (batch, steps, features)", [&](int& line) {
    line = __LINE__ + 1;
    elman(of({4, 5, 2}));
  });
  refused("rnn: (4, 0, 3): there are no steps", [&](int& line) {
    line = __LINE__ + 1;
    elman(of({4, 0, 3}));
  });
  misfit("rnn: (4, 5, 3) with a state of (1, 2): it must be (4, 2)", [&](int& line) {
    line = __LINE__ + 1;
    elman(of({4, 5, 3}), of({1, 2}));
  });
  const gru_cell<double> gated(3, 2, weights, weights, random);
  misfit("gru: (4, 2) for 3 features: x is (batch, features)", [&](int& line) {
    line = __LINE__ + 1;
    gated(of({4, 2}), of({4, 2}));
  });
  misfit("gru: (4, 3) with a state of (4, 3): it must be (4, 2)", [&](int& line) {
    line = __LINE__ + 1;
    gated(of({4, 3}), of({4, 3}));
  });
  const lstm_cell<double> memory(3, 2, weights, weights, random);
  misfit("lstm: (4, 3) with h of (2): it must be (4, 2)", [&](int& line) {
    line = __LINE__ + 1;
    memory(of({4, 3}), {of({2}), of({4, 2})});
  });
  misfit("lstm: (4, 3) with c of (4, 1): it must be (4, 2)", [&](int& line) {
    line = __LINE__ + 1;
    memory(of({4, 3}), {of({4, 2}), of({4, 1})});
  });
}

TEST_CASE("what a layer records lies at the line of its call", "[nn]") {
  xtape::rng random(1);
  const array<double> x = random.normal<double>({2, 3}),
                      images = random.normal<double>({2, 3, 2, 2}),
                      sequence = random.normal<double>({2, 3, 3});
  const sequential<double> plain{batch_norm<double>(3), layer_norm<double>(3), dropout(0.5, random),
                                 residual(linear<double>(3, 3, weights, random))};
  const batch_norm<double> norm(3);
  const lstm<double> recurrent_layer(3, 2, weights, weights, random);
  const gru<double> gated(3, 2, weights, weights, random);
  const embedding<double> table(3, 2, weights, random);
  const flatten flat;
  const xtape::tape tape;
  const int line = __LINE__ + 1;
  plain(x), flat(norm(images)), recurrent_layer(sequence), gated(sequence), table({1}), table(2);
  CHECK(tape.size() > 20);
  for (const xtape::entry* const each : tape.entries()) {
    CAPTURE(std::string(each->operation()));
    CHECK(each->where().text() == "errors_test.cpp:" + std::to_string(line));
  }
}
