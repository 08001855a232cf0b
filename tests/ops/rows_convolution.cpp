#include "ops/rows.hpp"

namespace table {

namespace {

// Window o's place k along an axis of that size; the size itself where it lies outside.
std::size_t seen(std::size_t size, std::size_t o, std::size_t k, std::ptrdiff_t stride,
                 std::ptrdiff_t padding, std::ptrdiff_t dilation) {
  const auto signed_of = [](std::size_t n) { return static_cast<std::ptrdiff_t>(n); };
  const std::ptrdiff_t at = signed_of(o) * stride + signed_of(k) * dilation - padding;
  return at < 0 || at >= signed_of(size) ? size : static_cast<std::size_t>(at);
}

std::size_t windows(std::size_t size, std::size_t kernel, std::ptrdiff_t stride,
                    std::ptrdiff_t padding, std::ptrdiff_t dilation) {
  std::size_t count = 0;
  const std::size_t padded = size + 2 * static_cast<std::size_t>(padding);
  for (std::size_t begin = 0; begin + (kernel - 1) * static_cast<std::size_t>(dilation) < padded;
       begin += static_cast<std::size_t>(stride))
    ++count;
  return count;
}

expectation naive_conv2d(const conv2d_options& how) {
  return [how](const arrays<double>& x) {
    const shape_type in = x[0].shape(), kernel = x[1].shape();
    const std::size_t groups = static_cast<std::size_t>(how.groups);
    return generate(
        {in[0], kernel[0], windows(in[2], kernel[2], how.stride.h, how.padding.h, how.dilation.h),
         windows(in[3], kernel[3], how.stride.w, how.padding.w, how.dilation.w)},
        [&](const index& at) {
          double total = x.size() == 3 ? element(x[2], {at[1]}) : 0;
          const std::size_t first = at[1] / (kernel[0] / groups) * kernel[1];
          for_each_index({kernel[1], kernel[2], kernel[3]}, [&](const index& k) {
            const std::size_t row =
                seen(in[2], at[2], k[1], how.stride.h, how.padding.h, how.dilation.h);
            const std::size_t column =
                seen(in[3], at[3], k[2], how.stride.w, how.padding.w, how.dilation.w);
            if (row < in[2] && column < in[3])
              total += element(x[1], {at[1], k[0], k[1], k[2]}) *
                       element(x[0], {at[0], first + k[0], row, column});
          });
          return total;
        });
  };
}

// What f makes of the elements that a window has.
expectation by_window(size2d window, const pool2d_options& how,
                      double (*f)(const std::vector<double>&, double size)) {
  return [=](const arrays<double>& x) {
    const shape_type in = x[0].shape();
    const size2d stride = how.stride == size2d(0) ? window : how.stride;
    const std::size_t h = static_cast<std::size_t>(window.h),
                      w = static_cast<std::size_t>(window.w);
    return generate(
        {in[0], in[1], windows(in[2], h, stride.h, how.padding.h, 1),
         windows(in[3], w, stride.w, how.padding.w, 1)},
        [&](const index& at) {
          std::vector<double> values;
          for_each_index({h, w}, [&](const index& k) {
            const std::size_t row = seen(in[2], at[2], k[0], stride.h, how.padding.h, 1);
            const std::size_t column = seen(in[3], at[3], k[1], stride.w, how.padding.w, 1);
            if (row < in[2] && column < in[3])
              values.push_back(element(x[0], {at[0], at[1], row, column}));
          });
          return f(values, static_cast<double>(h * w));
        });
  };
}

double greatest(const std::vector<double>& values, double) {
  return *std::max_element(values.begin(), values.end());
}
double average(const std::vector<double>& values, double size) { return naive_sum(values) / size; }

}  // namespace

void add_convolution(std::vector<operation>& rows) {
  const auto conv2d_row = [&](const char* variant, const conv2d_options& how, const lists& shapes) {
    rows.push_back(row(
        "conv2d(x, weight, options)", variant, {plain, plain}, shapes,
        [how](const auto& x) { return conv2d(x[0], x[1], how); }, naive_conv2d(how)));
  };
  conv2d_row("", {},
             {{{1, 1, 3, 3}, {1, 1, 2, 2}},
              {{2, 2, 4, 3}, {3, 2, 3, 2}},
              {{1, 1, 3, 2}, {1, 1, 3, 2}},
              {{3, 2, 2, 2}, {2, 2, 1, 1}},
              {{1, 3, 2, 19}, {9, 3, 2, 3}},
              {{10, 1, 3, 3}, {5, 1, 2, 2}},
              {{0, 2, 3, 3}, {1, 2, 2, 2}},
              {{2, 0, 3, 3}, {1, 0, 2, 2}},
              {{2, 1, 3, 3}, {0, 1, 2, 2}}});
  conv2d_row("padding", {.padding = {1, 2}},
             {{{2, 2, 3, 2}, {2, 2, 3, 3}},
              {{1, 1, 1, 1}, {2, 1, 1, 2}},
              {{1, 2, 2, 2}, {1, 2, 4, 5}},
              {{1, 1, 0, 3}, {2, 1, 2, 2}}});
  conv2d_row(
      "stride", {.stride = {2, 3}},
      {{{1, 2, 5, 7}, {2, 2, 3, 2}}, {{1, 2, 4, 4}, {3, 2, 1, 1}}, {{2, 1, 6, 6}, {1, 1, 2, 4}}});
  conv2d_row("dilation", {.dilation = {2, 1}},
             {{{1, 2, 5, 3}, {2, 2, 3, 2}}, {{2, 1, 3, 3}, {1, 1, 2, 3}}});
  conv2d_row("all of them", {.stride = {3, 2}, .padding = {2, 1}, .dilation = {2, 3}, .groups = 2},
             {{{1, 4, 4, 6}, {2, 2, 2, 2}}, {{2, 2, 3, 7}, {4, 1, 3, 3}}});
  conv2d_row("groups", {.groups = 3}, {{{2, 3, 2, 3}, {3, 1, 2, 2}}, {{1, 6, 2, 2}, {6, 2, 2, 2}}});
  const conv2d_options some{.stride = {1, 2}, .padding = 1, .groups = 2};
  rows.push_back(row(
      "conv2d(x, weight, bias, options)", "", {plain, plain, plain},
      {{{2, 2, 3, 3}, {2, 1, 3, 2}, {2}},
       {{1, 4, 2, 2}, {4, 2, 1, 2}, {4}},
       {{1, 2, 0, 3}, {2, 1, 1, 2}, {2}}},
      [some](const auto& x) { return conv2d(x[0], x[1], x[2], some); }, naive_conv2d(some)));

  const auto pool_rows = [&](const char* variant, size2d window, const pool2d_options& how,
                             const lists& shapes) {
    rows.push_back(row(
        "max_pool2d(x, window, options)", variant, {plain}, shapes,
        [=](const auto& x) { return max_pool2d(x[0], window, how); },
        by_window(window, how, greatest)));
    rows.push_back(row(
        "avg_pool2d(x, window, options)", variant, {plain}, shapes,
        [=](const auto& x) { return avg_pool2d(x[0], window, how); },
        by_window(window, how, average)));
  };
  pool_rows("", 2, {},
            {{{2, 2, 4, 4}}, {{1, 1, 5, 3}}, {{1, 2, 2, 38}}, {{0, 2, 3, 3}}, {{2, 0, 3, 3}}});
  pool_rows("of one element", 1, {}, {{{1, 2, 2, 3}}, {{2, 1, 1, 1}}});
  pool_rows("overlapping", {3, 2}, {.stride = 1}, {{{1, 2, 4, 3}}, {{2, 1, 3, 20}}});
  pool_rows("with gaps and padding", {2, 3}, {.stride = {3, 4}, .padding = 1},
            {{{1, 2, 5, 6}}, {{2, 1, 1, 2}}});
}

}  // namespace table
