#pragma once
// What the rows of the table are made of: shapes, domains, and expected values by plain loops over scalars.

#include <algorithm>
#include <cmath>
#include <utility>

#include <xtape/ops/ops.hpp>

#include "ops/table.hpp"

namespace table {

using namespace xtape;

using index = std::vector<std::size_t>;

// Calls use(index) for every index of the shape, in row-major order.
inline void for_each_index(const shape_type& shape, const std::function<void(const index&)>& use) {
  index at(shape.size(), 0);
  for (std::size_t count = size_of(shape); count > 0; --count) {
    use(at);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      if (++at[axis] < shape[axis]) break;
      at[axis] = 0;
    }
  }
}

// The element at an index of a shape that x broadcasts to.
inline double element(const array<double>& x, const index& at) {
  std::size_t place = 0;
  const std::size_t missing = at.size() - x.dimension();
  for (std::size_t axis = 0; axis < x.dimension(); ++axis)
    place = place * x.shape()[axis] + (x.shape()[axis] == 1 ? 0 : at[axis + missing]);
  return x.data()[place];
}

inline array<double> generate(const shape_type& shape,
                              const std::function<double(const index&)>& f) {
  array<double> result = empty<double>(shape);
  std::size_t place = 0;
  for_each_index(shape, [&](const index& at) { result.data()[place++] = f(at); });
  return result;
}

using expectation = std::function<array<double>(const arrays<double>&)>;

inline expectation one_by_one(double (*f)(double)) {
  return [f](const arrays<double>& x) {
    return generate(x[0].shape(), [&](const index& at) { return f(element(x[0], at)); });
  };
}

inline expectation pair_by_pair(double (*f)(double, double)) {
  return [f](const arrays<double>& x) {
    shape_type shape(std::max(x[0].dimension(), x[1].dimension()), 1);
    for (const array<double>& each : x)
      for (std::size_t i = 1; i <= each.dimension(); ++i)
        if (each.shape()[each.dimension() - i] != 1)
          shape[shape.size() - i] = each.shape()[each.dimension() - i];
    return generate(shape,
                    [&](const index& at) { return f(element(x[0], at), element(x[1], at)); });
  };
}

// Reduces over the axes in `over` what f makes of the elements in one group.
inline expectation group_by_group(std::vector<std::size_t> over, bool keep_dims,
                                  double (*f)(const std::vector<double>&)) {
  return [=](const arrays<double>& x) {
    const auto reduced = [&](std::size_t axis) {
      return std::find(over.begin(), over.end(), axis) != over.end();
    };
    shape_type result, group;
    for (std::size_t axis = 0; axis < x[0].dimension(); ++axis) {
      group.push_back(reduced(axis) ? x[0].shape()[axis] : 1);
      if (!reduced(axis))
        result.push_back(x[0].shape()[axis]);
      else if (keep_dims)
        result.push_back(1);
    }
    return generate(result, [&](const index& at) {
      std::vector<double> values;
      for_each_index(group, [&](index in) {
        std::size_t next = 0;
        for (std::size_t axis = 0; axis < in.size(); ++axis) {
          if (!reduced(axis)) in[axis] = at[next];
          if (!reduced(axis) || keep_dims) ++next;
        }
        values.push_back(element(x[0], in));
      });
      return f(values);
    });
  };
}

inline expectation over_everything(double (*f)(const std::vector<double>&)) {
  return [f](const arrays<double>& x) {
    return full<double>({}, f({x[0].data(), x[0].data() + x[0].size()}));
  };
}

inline double naive_sum(const std::vector<double>& values) {
  double total = 0;
  for (const double v : values) total += v;
  return total;
}

inline double naive_mean(const std::vector<double>& values) {
  return naive_sum(values) / static_cast<double>(values.size());
}

inline double naive_logsumexp(const std::vector<double>& values) {
  double total = 0;
  for (const double v : values) total += std::exp(v);
  return std::log(total);
}

inline double naive_log_softmax(const array<double>& x, const index& at, std::size_t axis) {
  double total = 0;
  index other = at;
  for (std::size_t i = 0; i < x.shape()[axis]; ++i) {
    other[axis] = i;
    total += std::exp(element(x, other));
  }
  return element(x, at) - std::log(total);
}

inline expectation log_softmax_along(std::size_t axis) {
  return [axis](const arrays<double>& x) {
    return generate(x[0].shape(),
                    [&](const index& at) { return naive_log_softmax(x[0], at, axis); });
  };
}

inline expectation softmax_along(std::size_t axis) {
  return [axis](const arrays<double>& x) {
    return generate(x[0].shape(),
                    [&](const index& at) { return std::exp(naive_log_softmax(x[0], at, axis)); });
  };
}

inline array<double> naive_matmul(const arrays<double>& x) {
  return generate({x[0].shape()[0], x[1].shape()[1]}, [&](const index& at) {
    double total = x.size() == 3 ? element(x[2], {at[1]}) : 0;
    for (std::size_t i = 0; i < x[0].shape()[1]; ++i)
      total += element(x[0], {at[0], i}) * element(x[1], {i, at[1]});
    return total;
  });
}

inline std::vector<int> labels_for(const shape_type& logits) {
  std::vector<int> labels;
  for (std::size_t i = 0; i < logits[0]; ++i)
    labels.push_back(static_cast<int>((7 * i + 1) % logits[1]));
  return labels;
}

inline array<double> naive_cross_entropy(const array<double>& z,
                                         const std::function<double(const index&)>& target) {
  double total = 0;
  for_each_index(z.shape(),
                 [&](const index& at) { total -= target(at) * naive_log_softmax(z, at, 1); });
  return full<double>({}, total / static_cast<double>(z.shape()[0]));
}

// The same elements; `place` says where result element i is found.
inline expectation moved(std::function<shape_type(const shape_type&)> shape,
                         std::function<index(const index&)> place) {
  return [=](const arrays<double>& x) {
    return generate(shape(x[0].shape()), [&](const index& at) { return element(x[0], place(at)); });
  };
}

inline expectation reshaped(shape_type to) {
  return [to](const arrays<double>& x) {
    const array<double> flat = [&] {
      std::size_t next = 0;
      return generate({x[0].size()}, [&](const index&) { return x[0].data()[next++]; });
    }();
    std::size_t next = 0;
    return generate(to, [&](const index&) { return flat.data()[next++]; });
  };
}

// A row: f is a generic lambda that takes a vector of variables of either type.
template <class F>
inline operation row(std::string declaration, std::string variant, std::vector<domain> domains,
                     std::vector<std::vector<shape_type>> shapes, F f, expectation expected) {
  return {std::move(declaration), std::move(variant), std::move(domains), std::move(shapes), f, f,
          std::move(expected)};
}

using lists = std::vector<std::vector<shape_type>>;

inline const lists any_shape = {{{3, 2}},          {{}},   {{1, 4}}, {{2, 1, 3, 2}},
                                {{1, 2, 1, 3, 2}}, {{19}}, {{0}},    {{2, 0}}};
inline const lists any_pair = {{{3, 2}, {2}},   {{3, 1}, {1, 4}},   {{}, {2, 3}},
                               {{2, 3}, {}},    {{2, 3}, {2, 3}},   {{2, 1, 3}, {4, 1}},
                               {{1, 1}, {3}},   {{5}, {1}},         {{2, 1, 2, 1}, {1, 3, 1, 2}},
                               {{2, 17}, {17}}, {{17, 2}, {17, 1}}, {{}, {}},
                               {{0, 3}, {3}},   {{0}, {1}},         {{2, 0}, {2, 1}}};

inline const lists any_triple = {{{3, 2}, {2}, {1}},       {{}, {2, 3}, {2, 3}},
                                 {{2, 3}, {2, 3}, {2, 3}}, {{2, 17}, {17}, {2, 1}},
                                 {{3, 1}, {1, 4}, {}},     {{0, 3}, {3}, {}}};

inline const domain plain;
inline const domain positive{0.4, 2.5};
inline const domain off_zero{-2, 2, 0.1};
inline const domain far_off_zero{-2, 2, 0.5};

inline const lists matrices = {{{3, 4}}, {{1, 5}}, {{4, 1}}, {{2, 19}}, {{0, 3}}, {{2, 0}}};
inline const lists cubes = {{{2, 3, 4}}, {{1, 3, 1}}, {{2, 1, 3}}, {{2, 3, 0}}, {{0, 3, 2}}};

/// The rows of each header of include/xtape/ops.
void add_arithmetic(std::vector<operation>& rows);
void add_elementary(std::vector<operation>& rows);
void add_activation(std::vector<operation>& rows);
void add_reduce(std::vector<operation>& rows);
void add_shape(std::vector<operation>& rows);
void add_linalg(std::vector<operation>& rows);
void add_convolution(std::vector<operation>& rows);
void add_loss(std::vector<operation>& rows);

}  // namespace table
