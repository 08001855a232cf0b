// Values and gradients against PyTorch's, at ordinary points and at the kinks, poles and ends that
// docs/engine.md lists.

#include "catch.hpp"

#include <cmath>
#include <functional>
#include <map>
#include <string>

#include <xtape/ops/ops.hpp>

#include "ops/torch_golden.hpp"

using namespace xtape;

namespace {

using variables = std::vector<variable<double>>;
using function = std::function<variable<double>(const variables&)>;

using element_function = variable<double> (*)(const operand<double>&);

function one(element_function f) {
  return [f](const variables& x) { return f(x[0]); };
}

const std::vector<int> labels{2, 0, 1};
const std::vector<double> weights{0.5, 1, 2, 4};

function cross_entropy(const cross_entropy_options& options) {
  return [=](const variables& x) { return softmax_cross_entropy(x[0], labels, options); };
}

// Every combination of these, as torch_golden.py has them.
std::map<std::string, function> convolutions() {
  std::map<std::string, function> made;
  const auto text = [](size2d size) {
    const std::string h = std::to_string(size.h), w = std::to_string(size.w);
    return size.h == size.w ? h : "(" + h + " " + w + ")";
  };
  for (const size2d stride : {size2d(1), size2d(2), size2d(3, 1)})
    for (const size2d padding : {size2d(0), size2d(1), size2d(2, 0)})
      for (const size2d dilation : {size2d(1), size2d(1, 2)})
        for (const int groups : {1, 2})
          made.emplace("conv2d " + text(stride) + " " + text(padding) + " " + text(dilation) + " " +
                           std::to_string(groups),
                       [=](const variables& x) {
                         return conv2d(x[0], x[1], x[2], {stride, padding, dilation, groups});
                       });
  return made;
}

const std::map<std::string, function> functions = [] {
  std::map<std::string, function> all = convolutions();
  all.merge(std::map<std::string, function>{
      {"exp", one(exp)},
      {"log", one(log)},
      {"square", one(square)},
      {"sqrt", one(sqrt)},
      {"abs", one(abs)},
      {"sign", one(sign)},
      {"reciprocal", one(reciprocal)},
      {"rsqrt", one(rsqrt)},
      {"pow 3", [](const variables& x) { return pow(x[0], 3); }},
      {"pow 0", [](const variables& x) { return pow(x[0], 0); }},
      {"pow 0.5", [](const variables& x) { return pow(x[0], 0.5); }},
      {"pow -1", [](const variables& x) { return pow(x[0], -1); }},
      {"expm1", one(expm1)},
      {"log1p", one(log1p)},
      {"sin", one(sin)},
      {"cos", one(cos)},
      {"tan", one(tan)},
      {"asin", one(asin)},
      {"acos", one(acos)},
      {"atan", one(atan)},
      {"sinh", one(sinh)},
      {"cosh", one(cosh)},
      {"tanh", one(tanh)},
      {"erf", one(erf)},
      {"erfc", one(erfc)},
      {"clip -0.7 1.1", [](const variables& x) { return clip(x[0], -0.7, 1.1); }},
      {"sigmoid", one(sigmoid)},
      {"relu", one(relu)},
      {"leaky_relu 0.25", [](const variables& x) { return leaky_relu(x[0], 0.25); }},
      {"elu 0.5", [](const variables& x) { return elu(x[0], 0.5); }},
      {"selu", one(selu)},
      {"gelu", one(gelu)},
      {"gelu_tanh", one(gelu_tanh)},
      {"silu", one(silu)},
      {"softplus", one(softplus)},
      {"softsign", one(softsign)},
      {"hard_tanh", one(hard_tanh)},
      {"log_sigmoid", one(log_sigmoid)},
      {"mish", one(mish)},
      {"add", [](const variables& x) { return x[0] + x[1]; }},
      {"subtract", [](const variables& x) { return x[0] - x[1]; }},
      {"multiply", [](const variables& x) { return x[0] * x[1]; }},
      {"divide", [](const variables& x) { return x[0] / x[1]; }},
      {"maximum", [](const variables& x) { return maximum(x[0], x[1]); }},
      {"minimum", [](const variables& x) { return minimum(x[0], x[1]); }},
      {"pow", [](const variables& x) { return pow(x[0], x[1]); }},
      {"where", [](const variables& x) { return where(relu(x[0]), x[0], x[1]); }},
      {"add of a row", [](const variables& x) { return x[0] + x[1]; }},
      {"multiply by a column", [](const variables& x) { return x[0] * x[1]; }},
      {"softmax", [](const variables& x) { return softmax(x[0]); }},
      {"softmax axis 0", [](const variables& x) { return softmax(x[0], 0); }},
      {"log_softmax", [](const variables& x) { return log_softmax(x[0]); }},
      {"log_softmax axis 0", [](const variables& x) { return log_softmax(x[0], 0); }},
      {"softmax of -inf", [](const variables& x) { return softmax(x[0]); }},
      {"logsumexp", [](const variables& x) { return logsumexp(x[0], {1}); }},
      {"sum", [](const variables& x) { return sum(x[0], {1}); }},
      {"mean", [](const variables& x) { return mean(x[0], {0}); }},
      {"prod", [](const variables& x) { return prod(x[0], {1}); }},
      {"prod of two zeros", [](const variables& x) { return prod(x[0]); }},
      {"prod of one zero", [](const variables& x) { return prod(x[0]); }},
      {"max", [](const variables& x) { return max(x[0], {1}); }},
      {"min", [](const variables& x) { return min(x[0], {1}); }},
      {"var", [](const variables& x) { return var(x[0], {1}); }},
      {"var ddof 1", [](const variables& x) { return var(x[0], {1}, {.ddof = 1}); }},
      {"stddev", [](const variables& x) { return stddev(x[0], {1}); }},
      {"stddev of equals", [](const variables& x) { return stddev(x[0]); }},
      {"norm 1", [](const variables& x) { return norm(x[0], 1, {1}); }},
      {"norm 2", [](const variables& x) { return norm(x[0], 2, {1}); }},
      {"norm 2 of zeros", [](const variables& x) { return norm(x[0]); }},
      {"norm inf", [](const variables& x) { return norm(x[0], torch_golden::inf, {1}); }},
      {"norm inf of equals", [](const variables& x) { return norm(x[0], torch_golden::inf); }},
      {"cumsum", [](const variables& x) { return cumsum(x[0], 1); }},
      {"matmul", [](const variables& x) { return matmul(x[0], x[1]); }},
      {"inverse", one(inverse)},
      {"det", one(det)},
      {"logdet", one(logdet)},
      {"solve", [](const variables& x) { return solve(x[0], x[1]); }},
      {"cholesky", one(cholesky)},
      {"einsum bij,bkj->ik", [](const variables& x) { return einsum("bij,bkj->ik", x[0], x[1]); }},
      {"cross_entropy", cross_entropy({})},
      {"cross_entropy sum", cross_entropy({.how = reduction::sum})},
      {"cross_entropy none", cross_entropy({.how = reduction::none})},
      {"cross_entropy weights", cross_entropy({.class_weights = weights})},
      {"cross_entropy smoothed", cross_entropy({.label_smoothing = 0.1})},
      {"cross_entropy weights smoothed",
       cross_entropy({.label_smoothing = 0.1, .class_weights = weights})},
      {"cross_entropy ignore 0", cross_entropy({.ignore_index = 0})},
      {"cross_entropy weights smoothed ignore 0",
       cross_entropy({.label_smoothing = 0.1, .class_weights = weights, .ignore_index = 0})},
      {"cross_entropy soft", [](const variables& x) { return softmax_cross_entropy(x[0], x[1]); }},
      {"cross_entropy soft weights smoothed",
       [](const variables& x) {
         return softmax_cross_entropy(x[0], x[1],
                                      {.label_smoothing = 0.1, .class_weights = weights});
       }},
      {"nll", [](const variables& x) { return nll(log_softmax(x[0]), labels); }},
      {"mse", [](const variables& x) { return mse(x[0], x[1]); }},
      {"mse sum", [](const variables& x) { return mse(x[0], x[1], reduction::sum); }},
      {"mse none", [](const variables& x) { return mse(x[0], x[1], reduction::none); }},
      {"l1", [](const variables& x) { return l1(x[0], x[1]); }},
      {"huber", [](const variables& x) { return huber(x[0], x[1]); }},
      {"huber at delta none",
       [](const variables& x) { return huber(x[0], x[1], 2, reduction::none); }},
      {"huber 2 none", [](const variables& x) { return huber(x[0], x[1], 2, reduction::none); }},
      {"binary_cross_entropy",
       [](const variables& x) { return binary_cross_entropy_with_logits(x[0], x[1]); }},
      {"kl_divergence", [](const variables& x) { return kl_divergence(x[0], x[1]); }},
      {"hinge", [](const variables& x) { return hinge(x[0], x[1]); }},
      {"cosine_similarity", [](const variables& x) { return cosine_similarity(x[0], x[1]); }},
      {"conv2d 1x1", [](const variables& x) { return conv2d(x[0], x[1]); }},
      {"conv2d of every channel",
       [](const variables& x) { return conv2d(x[0], x[1], {.padding = 1, .groups = 3}); }},
      {"max_pool2d", [](const variables& x) { return max_pool2d(x[0], 2); }},
      {"max_pool2d overlapping",
       [](const variables&
              x) { return max_pool2d(x[0], {3, 2}, {.stride = {2, 1}, .padding = 1}); }},
      {"max_pool2d of NaN", [](const variables& x) { return max_pool2d(x[0], 2); }},
      {"avg_pool2d", [](const variables& x) { return avg_pool2d(x[0], 2); }},
      {"avg_pool2d overlapping",
       [](const variables&
              x) { return avg_pool2d(x[0], {3, 2}, {.stride = {2, 1}, .padding = 1}); }},
  });
  return all;
}();

array<double> from(const torch_golden::tensor& t) {
  shape_type shape;
  for (const std::size_t n : t.shape) shape.push_back(n);
  array<double> result = empty<double>(shape);
  std::copy(t.values.begin(), t.values.end(), result.data());
  return result;
}

void compare(const std::string& what, const array<double>& found,
             const torch_golden::tensor& expected) {
  REQUIRE(from(expected).shape() == found.shape());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double e = expected.values.begin()[i], y = found.data()[i];
    INFO(what << " at " << i << ": " << y << ", PyTorch " << e);
    CHECK(((std::isnan(e) && std::isnan(y)) || y == e ||
           std::abs(y - e) <= 1e-13 * std::max(1.0, std::abs(e))));
  }
}

}  // namespace

TEST_CASE("values and gradients are PyTorch's", "[ops][golden]") {
  CHECK(std::size(torch_golden::references) == functions.size());
  for (const torch_golden::reference& reference : torch_golden::references) {
    INFO(reference.name);
    const auto f = functions.find(reference.name);
    REQUIRE(f != functions.end());
    variables x;
    for (const torch_golden::tensor& input : reference.inputs)
      x.push_back(parameter<double>(from(input)));
    const tape recording;
    const variable<double> y = f->second(x);
    compare("value", y.value(), reference.value);
    array<double> cotangent = empty<double>(y.shape());
    for (std::size_t i = 0; i < cotangent.size(); ++i)
      cotangent.data()[i] = 1 + 0.25 * static_cast<double>(i);
    y.backward(cotangent);
    for (std::size_t k = 0; k < x.size(); ++k)
      compare("gradient of " + std::to_string(k), x[k].grad(), reference.gradients.begin()[k]);
  }
}
