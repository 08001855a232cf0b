// Sums over named axes.

#include <xtape/ops/arithmetic.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/shape.hpp>

#include "kernel/gemm.hpp"
#include "kernel/strided.hpp"
#include "kernel/transpose.hpp"
#include "ops/axes.hpp"
#include "tape/rule.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace xtape {

using namespace detail;

namespace {

shape_type strides_of(const shape_type& shape) {
  shape_type strides(shape.size());
  std::size_t stride = 1;
  for (std::size_t axis = shape.size(); axis-- > 0; stride *= shape[axis]) strides[axis] = stride;
  return strides;
}

// The names of an array's axes: a letter's code, the place of an axis under the ellipsis counted from its
// end, which is below any letter, or 0 for an axis of one element, which needs no name.
using axis_names = dimensions<unsigned char>;

bool contains(const axis_names& names, unsigned char name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// An array whose axes have names; its numbers are its own or another's.
template <real T>
struct named {
  axis_names names;
  shape_type shape;
  const T* data;
  array<T> own{};

  // Without the axes of one element.
  named(const axis_names& all, const array_view<T>& x) : data(x.data()) {
    for (std::size_t i = 0; i < all.size(); ++i) push(all[i], x.shape()[i]);
  }
  void push(unsigned char name, std::size_t size) {
    if (name == 0) return;
    names.push_back(name);
    shape.push_back(size);
  }
  std::size_t size(unsigned char name) const {
    return shape[static_cast<std::size_t>(std::find(names.begin(), names.end(), name) -
                                          names.begin())];
  }
  // The product of the sizes of these axes.
  std::size_t size(const axis_names& some) const {
    std::size_t product = 1;
    for (const unsigned char name : some) product *= size(name);
    return product;
  }
};

// Its axes' names and sizes, each once, and how far one step along each goes.
struct diagonals {
  axis_names names;
  shape_type sizes, steps;
  template <real T>
  explicit diagonals(const named<T>& x) {
    const shape_type strides = strides_of(x.shape);
    for (std::size_t i = 0; i < x.names.size(); ++i) {
      const auto at = static_cast<std::size_t>(std::find(names.begin(), names.end(), x.names[i]) -
                                               names.begin());
      if (at == names.size()) {
        names.push_back(x.names[i]);
        sizes.push_back(x.shape[i]);
        steps.push_back(0);
      }
      steps[at] += strides[i];
    }
  }
  bool distinct(const axis_names& all) const { return names.size() == all.size(); }
};

// Takes the diagonals of names that x has twice.
template <real T>
void take_diagonals(named<T>& x) {
  const diagonals d(x);
  if (d.distinct(x.names)) return;
  array<T> y = zeros<T>(d.sizes);
  if (y.size() > 0)
    kernel::strided_add(d.sizes.size(), d.sizes.data(), x.data, d.steps.data(), y.data(),
                        strides_of(d.sizes).data());
  x.names = d.names;
  x.shape = d.sizes;
  x.own = std::move(y);
  x.data = x.own.data();
}

// Sums over the axes that are not kept.
template <real T, class Keep>
void sum_others(named<T>& x, const Keep& keep) {
  axis_names names;
  shape_type kept = x.shape, shape;
  for (std::size_t i = 0; i < x.names.size(); ++i) {
    if (keep(x.names[i])) {
      names.push_back(x.names[i]);
      shape.push_back(x.shape[i]);
    } else {
      kept[i] = 1;
    }
  }
  if (names.size() == x.names.size()) return;
  array<T> y = zeros<T>(shape);
  kernel::map_sum<T, 1>(x.shape, y.data(), kept, std::array{array_view<T>(x.shape, x.data)},
                        kernel::identity);
  x.names = names;
  x.shape = shape;
  x.own = std::move(y);
  x.data = x.own.data();
}

// Copies x with its axes in another order.
template <real T>
void permute(const named<T>& x, const axis_names& order, T* to) {
  shape_type axes;
  for (const unsigned char name : order)
    axes.push_back(static_cast<std::size_t>(std::find(x.names.begin(), x.names.end(), name) -
                                            x.names.begin()));
  kernel::permute(axes.size(), x.shape.data(), axes.data(), x.data, to);
}

template <real T>
void reorder(named<T>& x, const axis_names& order) {
  if (x.names == order) return;
  shape_type shape;
  for (const unsigned char name : order) shape.push_back(x.size(name));
  array<T> y = empty<T>(shape);
  permute(x, order, y.data());
  x.names = order;
  x.shape = shape;
  x.own = std::move(y);
  x.data = x.own.data();
}

// Writes x to y: axes in y's order, repeated along those that only y has, on the diagonal of those that y
// has twice.
template <real T>
void write(named<T> x, const axis_names& names, const shape_type& shape, T* to) {
  const named<T> y(names, {shape, to});
  const diagonals d(y);
  axis_names common;
  for (const unsigned char name : d.names)
    if (contains(x.names, name)) common.push_back(name);
  if (common == y.names) return permute(x, common, to);
  reorder(x, common);
  shape_type from, from_steps = strides_of(x.shape);
  for (std::size_t i = 0; i < d.names.size(); ++i) {
    const bool has = contains(common, d.names[i]);
    from.push_back(has ? d.sizes[i] : 1);
    if (!has) from_steps.insert(from_steps.begin() + i, 0);
  }
  if (d.distinct(y.names))
    return kernel::map<T, 0>(y.shape, to, std::false_type{},
                             std::array{array_view<T>(from, x.data)}, kernel::identity);
  std::fill_n(to, size_of(shape), T(0));
  if (size_of(d.sizes) > 0)
    kernel::strided_add(d.sizes.size(), d.sizes.data(), x.data, from_steps.data(), to,
                        d.steps.data());
}

struct einsum_rule : structural {
  static constexpr std::string_view name = "einsum";
  static constexpr saves saved = saves::nothing;
  axis_names x, y;
  shape_type from, result;

  template <real T>
  variable<T> forward(const array_view<T>& values) const {
    const variable<T> to = blank<T>(result);
    named<T> in(x, values);
    take_diagonals(in);
    sum_others(in, [&](unsigned char n) { return contains(y, n); });
    write(std::move(in), y, result, to.node().data());
    return to;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g) const {
    return apply(einsum_rule{{}, y, x, result, from}, argument<T>(g));
  }
};

axis_names joined(const axis_names& a, const axis_names& b, const axis_names& c) {
  axis_names all = a;
  for (const axis_names* const more : {&b, &c})
    for (const unsigned char name : *more) all.push_back(name);
  return all;
}

struct einsum_pair_rule : structural {
  static constexpr std::string_view name = "einsum";
  static constexpr saves saved = saves::inputs;
  axis_names a, b, y;
  shape_type result;

  template <real T>
  variable<T> forward(const array_view<T>& a_values, const array_view<T>& b_values) const {
    const variable<T> to = blank<T>(result);
    named<T> left(a, a_values), right(b, b_values);
    for (auto* const x : {&left, &right}) {
      take_diagonals(*x);
      const named<T>& other = x == &left ? right : left;
      sum_others(*x, [&](unsigned char n) { return contains(y, n) || contains(other.names, n); });
    }
    const diagonals out(named<T>(y, {result, to.node().data()}));
    // y begins with what the left factor has: else they change places.
    for (const unsigned char n : out.names) {
      const bool in_left = contains(left.names, n), in_right = contains(right.names, n);
      if (in_left == in_right) continue;
      if (in_right) std::swap(left, right);
      break;
    }
    axis_names batch, rows, columns, terms;
    for (const unsigned char n : out.names) {
      const bool in_left = contains(left.names, n), in_right = contains(right.names, n);
      if (in_left || in_right)
        (in_left && in_right ? batch : in_left ? rows : columns).push_back(n);
    }
    for (const unsigned char n : left.names)
      if (!contains(y, n)) terms.push_back(n);
    const bool ta = left.names == joined(batch, terms, rows),
               tb = right.names == joined(batch, columns, terms);
    if (!ta) reorder(left, joined(batch, rows, terms));
    if (!tb) reorder(right, joined(batch, terms, columns));
    const std::size_t count = left.size(batch), m = left.size(rows), n = right.size(columns),
                      k = left.size(terms);
    const axis_names product_names = joined(batch, rows, columns);
    if (product_names == named<T>(y, {result, nullptr}).names) {
      multiply(ta, tb, count, m, n, k, left.data, right.data, to.node().data());
    } else {
      shape_type shape;
      for (const unsigned char each : product_names)
        shape.push_back(contains(left.names, each) ? left.size(each) : right.size(each));
      named<T> product(product_names, {shape, nullptr});
      product.own = empty<T>(shape);
      product.data = product.own.data();
      multiply(ta, tb, count, m, n, k, left.data, right.data, product.own.data());
      write(std::move(product), y, result, to.node().data());
    }
    return to;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& of_a, const variable<T>& of_b) const {
    return apply(einsum_pair_rule{{}, y, b, a, of_a.shape()}, argument<T>(g), argument<T>(of_b));
  }
  template <real T>
  auto vjp(arg<1>, const variable<T>& g, const variable<T>& of_a, const variable<T>& of_b) const {
    return apply(einsum_pair_rule{{}, a, y, b, of_b.shape()}, argument<T>(of_a), argument<T>(g));
  }

 private:
  // A batch of products; of one term, it is elementwise.
  template <real T>
  static void multiply(bool ta, bool tb, std::size_t count, std::size_t m, std::size_t n,
                       std::size_t k, const T* left, const T* right, T* to) {
    if (k == 1 && count > 1) {
      const shape_type all{count, m, n}, of_left{count, m, 1}, of_right{count, 1, n};
      kernel::map<T, 0>(all, to, std::false_type{},
                        std::array{array_view<T>(of_left, left), array_view<T>(of_right, right)},
                        [](const auto& p, const auto& q) { return p * q; });
    } else {
      const shape_type batch{count};
      kernel::gemm_batches(ta, tb, m, n, k, batch, left, batch, right, false, batch, to);
    }
  }
};

// Subscripts taken apart: a term an argument, and the output's. An ellipsis is one '.'.
struct notation {
  std::string text;  // what errors begin with
  std::vector<std::string> terms{""};
  bool arrow = false;
  std::string output;

  notation(std::string_view subscripts, std::size_t arguments)
      : text("einsum: \"" + std::string(subscripts) + "\": ") {
    for (std::size_t i = 0; i < subscripts.size(); ++i) {
      const char c = subscripts[i];
      std::string& term = arrow ? output : terms.back();
      if (c == ' ') continue;
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        term += c;
      } else if (c == ',' && !arrow) {
        terms.emplace_back();
      } else if (c == '-' && !arrow && subscripts.substr(i, 2) == "->") {
        arrow = true;
        ++i;
      } else if (subscripts.substr(i, 3) == "...") {
        if (term.find('.') != std::string::npos) fail("a term has more than one ellipsis");
        term += '.';
        i += 2;
      } else {
        fail("stray '" + std::string(1, c) + "'");
      }
    }
    if (terms.size() != arguments)
      fail("terms for " + std::to_string(terms.size()) + " arguments, called with " +
           std::to_string(arguments));
    arrow ? check_output() : make_output();
  }

  [[noreturn]] void fail(const std::string& reason) const { throw domain_error(text + reason); }

 private:
  std::ptrdiff_t occurrences(char c) const {
    std::ptrdiff_t total = 0;
    for (const std::string& term : terms) total += std::count(term.begin(), term.end(), c);
    return total;
  }
  void check_output() const {
    for (const char c : output) {
      if (c != '.' && occurrences(c) == 0)
        fail("the output's " + std::string(1, c) + " is in no argument");
      if (std::count(output.begin(), output.end(), c) > 1)
        fail("the output has " + std::string(1, c) + " twice");
    }
  }
  // The ellipsis, then the letters that occur once, in alphabetical order, capitals first.
  void make_output() {
    output = ".";
    for (char c = 'A'; c <= 'z'; ++c)
      if (occurrences(c) == 1) output += c;
  }
};

// The sizes that names stand for, and the names of arrays' axes.
class naming {
 public:
  naming(const notation& from, std::initializer_list<const shape_type*> shapes) : from_(from) {
    sizes_.fill(1);
    for (std::size_t k = 0; const shape_type* const shape : shapes) add(from.terms[k++], *shape);
    for (axis_names& each : names) {
      // Axes of one element lose their names.
      const shape_type& shape = *shapes.begin()[&each - names.data()];
      for (std::size_t i = 0; i < each.size(); ++i)
        if (shape[i] == 1) each[i] = 0;
    }
    if (ellipsis_ > 0 && from.output.find('.') == std::string::npos)
      from.fail("the output lacks the arguments' ellipsis");
    for (const char c : from.output) {
      if (c != '.') push_output(static_cast<unsigned char>(c));
      for (std::size_t i = ellipsis_; c == '.' && i > 0; --i)
        push_output(static_cast<unsigned char>(i));
    }
  }

  std::vector<axis_names> names;
  axis_names output;
  shape_type result;

 private:
  void push_output(unsigned char name) {
    output.push_back(sizes_[name] == 1 ? 0 : name);
    result.push_back(sizes_[name]);
  }

  void add(const std::string& term, const shape_type& shape) {
    const bool open = term.find('.') != std::string::npos;
    const std::size_t letters = term.size() - (open ? 1 : 0), rank = shape.size();
    if (open ? letters > rank : letters != rank)
      fail(to_string(shape) + " has " + std::to_string(rank) + " axes, its term " +
           std::to_string(letters) + " letters");
    if (open) ellipsis_ = std::max(ellipsis_, rank - letters);
    axis_names result_names;
    for (const char c : term) {
      if (c != '.') result_names.push_back(static_cast<unsigned char>(c));
      for (std::size_t i = rank - letters; c == '.' && i > 0; --i)
        result_names.push_back(static_cast<unsigned char>(i));
    }
    for (std::size_t i = 0; i < rank; ++i) {
      const unsigned char name = result_names[i];
      for (std::size_t j = 0; j < i; ++j)
        if (result_names[j] == name && shape[j] != shape[i]) differ(name, shape[j], shape[i]);
      std::size_t& size = sizes_[name];
      if (size != 1 && shape[i] != 1 && size != shape[i]) differ(name, size, shape[i]);
      if (size == 1) size = shape[i];
    }
    names.push_back(result_names);
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw shape_error(from_.text + reason);
  }
  [[noreturn]] void differ(unsigned char name, std::size_t a, std::size_t b) const {
    fail((name < 'A' ? "axes under the ellipsis have"
                     : std::string(1, static_cast<char>(name)) + " has") +
         " the sizes " + std::to_string(a) + " and " + std::to_string(b));
  }

  const notation& from_;
  std::size_t ellipsis_ = 0;  // how many axes it stands for
  std::array<std::size_t, 128> sizes_;
};

template <real T>
variable<T> apply_einsum(std::string_view subscripts, const operand<T>& a) {
  const at_line line(a.where());
  const notation parsed(subscripts, 1);
  const naming named_axes(parsed, {&a.shape()});
  return apply(
      einsum_rule{{}, named_axes.names[0], named_axes.output, a.shape(), named_axes.result}, a);
}

template <real T>
variable<T> apply_einsum(std::string_view subscripts, const operand<T>& a, const operand<T>& b) {
  const at_line line(a.where());
  const notation parsed(subscripts, 2);
  const naming named_axes(parsed, {&a.shape(), &b.shape()});
  return apply(
      einsum_pair_rule{
          {}, named_axes.names[0], named_axes.names[1], named_axes.output, named_axes.result},
      a, b);
}

}  // namespace

variable<float> einsum(std::string_view subscripts, const operand<float>& a) {
  return apply_einsum(subscripts, a);
}
variable<double> einsum(std::string_view subscripts, const operand<double>& a) {
  return apply_einsum(subscripts, a);
}
variable<float> einsum(std::string_view subscripts, const operand<float>& a,
                       const operand<float>& b) {
  return apply_einsum(subscripts, a, b);
}
variable<double> einsum(std::string_view subscripts, const operand<double>& a,
                        const operand<double>& b) {
  return apply_einsum(subscripts, a, b);
}

}  // namespace xtape
