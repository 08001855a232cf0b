#include <xtape/ops/convolution.hpp>

#include <xtape/ops/reduce.hpp>

#include <climits>
#include <string>

#include "kernel/convolution.hpp"
#include "kernel/pooling.hpp"
#include "ops/axes.hpp"
#include "tape/rule.hpp"

namespace xtape {

using namespace detail;

namespace {

// ---- Convolution -----------------------------------------------------------------------------------

// The sum of all x weight g, over what the windows see, is linear in each of the three. The convolution is its
// derivative by g; the other two are those by x and by the weight. The derivatives of any of them are the other
// two again.
struct trilinear {
  kernel::convolution c;
  shape_type x, weight, y;

  bool empty() const { return size_of(x) == 0 || size_of(weight) == 0 || size_of(y) == 0; }
};

template <real T>
void add_to_x(const trilinear& s, const array_view<T>& g, const array_view<T>& weight,
              target<T> to) {
  if (!s.empty())
    kernel::convolve_to_x(s.c, g.data(), weight.data(), to.accumulate, to.data);
  else if (!to.accumulate)
    std::fill_n(to.data, size_of(s.x), T(0));
}

template <real T>
void add_to_weight(const trilinear& s, const array_view<T>& x, const array_view<T>& g,
                   target<T> to) {
  if (!s.empty())
    kernel::convolve_to_weight(s.c, x.data(), g.data(), to.accumulate, to.data);
  else if (!to.accumulate)
    std::fill_n(to.data, size_of(s.weight), T(0));
}

struct trilinear_rule : structural {
  static constexpr saves saved = saves::inputs;
  trilinear s;
};

struct conv2d_rule : trilinear_rule {
  static constexpr std::string_view name = "conv2d";
  static constexpr bool fused = true;

  template <real T, class... Bias>
  variable<T> forward(const array_view<T>& x, const array_view<T>& weight,
                      const Bias&... bias) const {
    const variable<T> y = blank<T>(s.y);
    const T* b = nullptr;
    ((b = bias.data()), ...);
    if (!s.empty()) {
      kernel::convolve(s.c, x.data(), weight.data(), b, y.node().data());
      return y;
    }
    const std::size_t pixels = s.y[2] * s.y[3], channels = s.y[1];
    for (std::size_t i = 0; pixels > 0 && i < s.y[0] * channels; ++i)
      std::fill_n(y.node().data() + i * pixels, pixels, b == nullptr ? T(0) : b[i % channels]);
    return y;
  }
  template <real T, class... Bias>
  variable<T> vjp(arg<0>, const variable<T>& g, const variable<T>& x, const variable<T>& weight,
                  const Bias&...) const;
  template <real T, class... Bias>
  variable<T> vjp(arg<1>, const variable<T>& g, const variable<T>& x, const variable<T>& weight,
                  const Bias&...) const;
  template <real T>
  auto vjp(arg<2>, const variable<T>& g, const variable<T>&, const variable<T>&,
           const variable<T>&) const {
    return sum(g, {0, 2, 3});
  }
  template <real T, class... Bias>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>&,
                  const array_view<T>& weight, const Bias&...) const {
    add_to_x(s, g, weight, to);
  }
  template <real T, class... Bias>
  void accumulate(arg<1>, target<T> to, const array_view<T>& g, const array_view<T>& x,
                  const array_view<T>&, const Bias&...) const {
    add_to_weight(s, x, g, to);
  }
  template <real T>
  void accumulate(arg<2>, target<T> to, const array_view<T>& g, const array_view<T>&,
                  const array_view<T>&, const array_view<T>&) const {
    if (!to.accumulate) std::fill_n(to.data, s.y[1], T(0));
    kernel::map_sum<T, 1>(s.y, to.data, {s.y[1], 1, 1}, std::array{g}, kernel::identity);
  }
};

// Of (g, weight), what x receives.
struct conv2d_to_x_rule : trilinear_rule {
  static constexpr std::string_view name = "conv2d_to_x";

  template <real T>
  variable<T> forward(const array_view<T>& g, const array_view<T>& weight) const {
    const variable<T> x = blank<T>(s.x);
    add_to_x<T>(s, g, weight, {x.node().data(), false});
    return x;
  }
  template <real T>
  variable<T> vjp(arg<0>, const variable<T>& h, const variable<T>&,
                  const variable<T>& weight) const {
    return apply(conv2d_rule{{{}, s}}, argument<T>(h), argument<T>(weight));
  }
  template <real T>
  variable<T> vjp(arg<1>, const variable<T>& h, const variable<T>& g, const variable<T>&) const;
};

// Of (x, g), what the weight receives.
struct conv2d_to_weight_rule : trilinear_rule {
  static constexpr std::string_view name = "conv2d_to_weight";

  template <real T>
  variable<T> forward(const array_view<T>& x, const array_view<T>& g) const {
    const variable<T> weight = blank<T>(s.weight);
    add_to_weight<T>(s, x, g, {weight.node().data(), false});
    return weight;
  }
  template <real T>
  variable<T> vjp(arg<0>, const variable<T>& h, const variable<T>&, const variable<T>& g) const {
    return apply(conv2d_to_x_rule{{{}, s}}, argument<T>(g), argument<T>(h));
  }
  template <real T>
  variable<T> vjp(arg<1>, const variable<T>& h, const variable<T>& x, const variable<T>&) const {
    return apply(conv2d_rule{{{}, s}}, argument<T>(x), argument<T>(h));
  }
};

template <real T, class... Bias>
variable<T> conv2d_rule::vjp(arg<0>, const variable<T>& g, const variable<T>&,
                             const variable<T>& weight, const Bias&...) const {
  return apply(conv2d_to_x_rule{{{}, s}}, argument<T>(g), argument<T>(weight));
}
template <real T, class... Bias>
variable<T> conv2d_rule::vjp(arg<1>, const variable<T>& g, const variable<T>& x, const variable<T>&,
                             const Bias&...) const {
  return apply(conv2d_to_weight_rule{{{}, s}}, argument<T>(x), argument<T>(g));
}
template <real T>
variable<T> conv2d_to_x_rule::vjp(arg<1>, const variable<T>& h, const variable<T>& g,
                                  const variable<T>&) const {
  return apply(conv2d_to_weight_rule{{{}, s}}, argument<T>(h), argument<T>(g));
}

std::string text(const size2d& size) {
  return "(" + std::to_string(size.h) + ", " + std::to_string(size.w) + ")";
}

// Throws domain_error unless both numbers are in [least, 2^31).
template <class Call>
void check_number(const char* what, const size2d& size, std::ptrdiff_t least, const Call& call,
                  location where) {
  const std::string number = std::string(": ") + what + " = " + text(size) + ": must ";
  if (std::min(size.h, size.w) < least)
    throw domain_error(call() + number + (least == 0 ? "not be negative" : "be positive"), where);
  if (std::max(size.h, size.w) > INT_MAX)
    throw domain_error(call() + number + "not be above " + std::to_string(INT_MAX), where);
}

std::size_t as_size(std::ptrdiff_t n) { return static_cast<std::size_t>(n); }

// The windows along an axis. Throws shape_error where the first would already reach beyond the padding.
template <class Call>
kernel::window window_on(std::size_t in, std::size_t size, std::ptrdiff_t stride,
                         std::ptrdiff_t padding, std::ptrdiff_t dilation, const char* rows,
                         const Call& call, location where) {
  const kernel::window w{in, size, as_size(stride), as_size(padding), as_size(dilation)};
  const std::size_t padded = in + 2 * w.padding;
  if (padded == 0 || (size - 1) > (padded - 1) / w.dilation)
    throw shape_error(call() + ": a window of " + std::to_string(size) + " " + rows +
                          (dilation > 1 ? ", " + std::to_string(dilation) + " apart," : "") +
                          " does not fit into the " + std::to_string(padded) +
                          " of the padded image",
                      where);
  return w;
}

template <real T, class... Bias>
variable<T> apply_conv2d(const conv2d_options& how, const operand<T>& x, const operand<T>& weight,
                         const Bias&... bias) {
  const location where = x.where();
  const shape_type &in = x.shape(), &kernel = weight.shape();
  const auto call = [&] {
    std::string made = "conv2d: " + to_string(in) + " x " + to_string(kernel);
    ((made += " + " + to_string(bias.shape())), ...);
    return made;
  };
  if (in.size() != 4 || kernel.size() != 4)
    throw shape_error(
        call() + ": images are (n, c, h, w), the weight is (c_out, c_in / groups, h, w)", where);
  check_number("stride", how.stride, 1, call, where);
  check_number("padding", how.padding, 0, call, where);
  check_number("dilation", how.dilation, 1, call, where);
  if (how.groups < 1)
    throw domain_error(call() + ": groups = " + std::to_string(how.groups) + ": must be positive",
                       where);
  const std::size_t groups = as_size(how.groups);
  const std::string in_groups = groups == 1 ? "" : " in " + std::to_string(groups) + " groups";
  if (kernel[0] % groups != 0)
    throw shape_error(call() + ": " + std::to_string(kernel[0]) + " output channels are not " +
                          std::to_string(groups) + " equal groups",
                      where);
  if (in[1] % groups != 0 || in[1] / groups != kernel[1])
    throw shape_error(call() + ": " + std::to_string(in[1]) + " channels" + in_groups +
                          ", and the weight is for " + std::to_string(kernel[1]) +
                          (groups == 1 ? "" : " each"),
                      where);
  if (kernel[2] == 0 || kernel[3] == 0) throw shape_error(call() + ": the kernel is empty", where);
  trilinear s{{in[0], groups, kernel[1], kernel[0] / groups,
               window_on(in[2], kernel[2], how.stride.h, how.padding.h, how.dilation.h, "rows",
                         call, where),
               window_on(in[3], kernel[3], how.stride.w, how.padding.w, how.dilation.w, "columns",
                         call, where)},
              in,
              kernel,
              {}};
  s.y = {in[0], kernel[0], s.c.rows.out(), s.c.columns.out()};
  check_size("conv2d", in, s.y, where);
  if (const shape_type wanted{kernel[0]}; ((bias.shape() != wanted) || ...))
    throw shape_error(call() + ": the bias must have shape " + to_string(wanted), where);
  return apply(conv2d_rule{{{}, std::move(s)}}, x, weight, bias...);
}

// ---- Pooling ---------------------------------------------------------------------------------------

struct pool_rule : structural {
  kernel::pooling p;
  shape_type x, y;
};

struct max_pool2d_rule : pool_rule {
  static constexpr std::string_view name = "max_pool2d";
  static constexpr saves saved = saves::inputs;
  static constexpr bool fused = true;

  template <real T>
  variable<T> forward(const array_view<T>& from) const {
    const variable<T> made = blank<T>(y);
    kernel::pool_max(p, from.data(), made.node().data());
    return made;
  }
  template <real T>
  variable<T> vjp(arg<0>, const variable<T>& g, const variable<T>& from) const;
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>& from) const {
    kernel::pool_max_spread(p, g.data(), from.data(), to.accumulate, to.data);
  }
};

// Which elements are the greatest is a step function of x: a constant to derivatives. What is left is linear in
// g, with the derivative below, and the other way round.
struct max_pool2d_spread_rule : pool_rule {
  static constexpr std::string_view name = "max_pool2d_spread";
  static constexpr saves saved = saves::inputs;
  static constexpr bool differentiable(std::size_t k) { return k == 0; }

  template <real T>
  variable<T> forward(const array_view<T>& g, const array_view<T>& from) const {
    const variable<T> made = blank<T>(x);
    kernel::pool_max_spread(p, g.data(), from.data(), false, made.node().data());
    return made;
  }
  template <real T>
  variable<T> vjp(arg<0>, const variable<T>& h, const variable<T>&, const variable<T>& from) const;
};

struct max_pool2d_collect_rule : pool_rule {
  static constexpr std::string_view name = "max_pool2d_collect";
  static constexpr saves saved = saves::inputs;
  static constexpr bool differentiable(std::size_t k) { return k == 0; }

  template <real T>
  variable<T> forward(const array_view<T>& h, const array_view<T>& from) const {
    const variable<T> made = blank<T>(y);
    kernel::pool_max_collect(p, h.data(), from.data(), made.node().data());
    return made;
  }
  template <real T>
  variable<T> vjp(arg<0>, const variable<T>& g, const variable<T>&, const variable<T>& from) const {
    return apply(max_pool2d_spread_rule{*this}, argument<T>(g), argument<T>(from));
  }
};

template <real T>
variable<T> max_pool2d_rule::vjp(arg<0>, const variable<T>& g, const variable<T>& from) const {
  return apply(max_pool2d_spread_rule{*this}, argument<T>(g), argument<T>(from));
}
template <real T>
variable<T> max_pool2d_spread_rule::vjp(arg<0>, const variable<T>& h, const variable<T>&,
                                        const variable<T>& from) const {
  return apply(max_pool2d_collect_rule{*this}, argument<T>(h), argument<T>(from));
}

struct avg_pool2d_rule : pool_rule {
  static constexpr std::string_view name = "avg_pool2d";
  static constexpr saves saved = saves::nothing;
  static constexpr bool fused = true;

  template <real T>
  T scale() const {
    return T(1) / static_cast<T>(p.rows.kernel * p.columns.kernel);
  }
  template <real T>
  variable<T> forward(const array_view<T>& from) const {
    const variable<T> made = blank<T>(y);
    kernel::pool_sum(p, scale<T>(), from.data(), made.node().data());
    return made;
  }
  template <real T>
  variable<T> vjp(arg<0>, const variable<T>& g) const;
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g) const {
    kernel::pool_sum_spread(p, scale<T>(), g.data(), to.accumulate, to.data);
  }
};

struct avg_pool2d_spread_rule : avg_pool2d_rule {
  static constexpr std::string_view name = "avg_pool2d_spread";
  static constexpr bool fused = false;

  template <real T>
  variable<T> forward(const array_view<T>& g) const {
    const variable<T> made = blank<T>(x);
    accumulate<T>(arg<0>{}, {made.node().data(), false}, g);
    return made;
  }
  template <real T>
  variable<T> vjp(arg<0>, const variable<T>& h) const {
    return apply(avg_pool2d_rule{*this}, argument<T>(h));
  }
};

template <real T>
variable<T> avg_pool2d_rule::vjp(arg<0>, const variable<T>& g) const {
  return apply(avg_pool2d_spread_rule{*this}, argument<T>(g));
}

template <class Rule, real T>
variable<T> apply_pool(const operand<T>& x, const size2d& size, const pool2d_options& how) {
  const location where = x.where();
  const shape_type& in = x.shape();
  const size2d stride = how.stride == size2d(0) ? size : how.stride;
  const auto call = [&] { return std::string(Rule::name) + ": " + to_string(in); };
  if (in.size() != 4) throw shape_error(call() + ": images are (n, c, h, w)", where);
  check_number("window", size, 1, call, where);
  check_number("stride", stride, 1, call, where);
  check_number("padding", how.padding, 0, call, where);
  if (how.padding.h > size.h / 2 || how.padding.w > size.w / 2)
    throw domain_error(call() + ": padding = " + text(how.padding) +
                           ": must not be above half the window, " + text(size),
                       where);
  Rule rule;
  rule.p = {in[0] * in[1],
            window_on(in[2], as_size(size.h), stride.h, how.padding.h, 1, "rows", call, where),
            window_on(in[3], as_size(size.w), stride.w, how.padding.w, 1, "columns", call, where)};
  rule.x = in;
  rule.y = {in[0], in[1], rule.p.rows.out(), rule.p.columns.out()};
  return apply(std::move(rule), x);
}

}  // namespace

variable<float> conv2d(const operand<float>& x, const operand<float>& weight,
                       const conv2d_options& options) {
  return apply_conv2d(options, x, weight);
}
variable<double> conv2d(const operand<double>& x, const operand<double>& weight,
                        const conv2d_options& options) {
  return apply_conv2d(options, x, weight);
}
variable<float> conv2d(const operand<float>& x, const operand<float>& weight,
                       const operand<float>& bias, const conv2d_options& options) {
  return apply_conv2d(options, x, weight, bias);
}
variable<double> conv2d(const operand<double>& x, const operand<double>& weight,
                        const operand<double>& bias, const conv2d_options& options) {
  return apply_conv2d(options, x, weight, bias);
}

variable<float> max_pool2d(const operand<float>& x, size2d window, const pool2d_options& options) {
  return apply_pool<max_pool2d_rule>(x, window, options);
}
variable<double> max_pool2d(const operand<double>& x, size2d window,
                            const pool2d_options& options) {
  return apply_pool<max_pool2d_rule>(x, window, options);
}

variable<float> avg_pool2d(const operand<float>& x, size2d window, const pool2d_options& options) {
  return apply_pool<avg_pool2d_rule>(x, window, options);
}
variable<double> avg_pool2d(const operand<double>& x, size2d window,
                            const pool2d_options& options) {
  return apply_pool<avg_pool2d_rule>(x, window, options);
}

}  // namespace xtape
