#include "ops/rows.hpp"

namespace table {

void add_shape(std::vector<operation>& rows) {
  rows.push_back(row(
      "reshape(x, sizes)", "", {plain}, {{{2, 6}}, {{12}}, {{3, 1, 4}}},
      [](const auto& x) {
        return reshape(x[0], {3, 2, 2});
      },
      reshaped({3, 2, 2})));
  rows.push_back(row(
      "reshape(x, sizes)", "with -1", {plain}, {{{2, 6}}, {{12}}, {{3, 1, 4}}},
      [](const auto& x) {
        return reshape(x[0], {4, -1});
      },
      reshaped({4, 3})));
  rows.push_back(row(
      "reshape(x, sizes)", "scalar", {plain}, {{{1}}, {{1, 1}}, {{}}},
      [](const auto& x) { return reshape(x[0], {}); }, reshaped({})));
  rows.push_back(row(
      "reshape(x, sizes)", "empty", {plain}, {{{0}}, {{4, 0}}},
      [](const auto& x) {
        return reshape(x[0], {0, 3});
      },
      reshaped({0, 3})));
  rows.push_back(row(
      "transpose(x)", "", {plain}, {{{3, 4}}, {{1, 5}}, {{17, 9}}, {{0, 3}}},
      [](const auto& x) { return transpose(x[0]); },
      moved(
          [](const shape_type& s) {
            return shape_type{s[1], s[0]};
          },
          [](const index& at) {
            return index{at[1], at[0]};
          })));
  rows.push_back(row(
      "transpose(x)", "rank 3", {plain}, cubes, [](const auto& x) { return transpose(x[0]); },
      moved(
          [](const shape_type& s) {
            return shape_type{s[2], s[1], s[0]};
          },
          [](const index& at) {
            return index{at[2], at[1], at[0]};
          })));
  rows.push_back(row(
      "transpose(x)", "rank 1 and 0", {plain}, {{{4}}, {{}}, {{0}}},
      [](const auto& x) { return transpose(x[0]); },
      moved([](const shape_type& s) { return s; }, [](const index& at) { return at; })));
  rows.push_back(row(
      "transpose(x, axes)", "", {plain}, cubes,
      [](const auto& x) {
        return transpose(x[0], {1, -1, 0});
      },
      moved(
          [](const shape_type& s) {
            return shape_type{s[1], s[2], s[0]};
          },
          [](const index& at) {
            return index{at[2], at[0], at[1]};
          })));
  const auto spread = [](shape_type to) {
    return moved([to](const shape_type&) { return to; }, [](const index& at) { return at; });
  };
  rows.push_back(row(
      "broadcast_to(x, shape)", "", {plain},
      {{{2, 1, 4}}, {{3, 1}}, {{4}}, {{1}}, {{}}, {{2, 3, 4}}},
      [](const auto& x) {
        return broadcast_to(x[0], {2, 3, 4});
      },
      spread({2, 3, 4})));
  rows.push_back(row(
      "broadcast_to(x, shape)", "empty", {plain}, {{{1}}, {{0}}, {{1, 0}}},
      [](const auto& x) {
        return broadcast_to(x[0], {3, 0});
      },
      spread({3, 0})));
  rows.push_back(row(
      "sum_to(x, shape)", "", {plain}, {{{2, 3, 4}}, {{0, 3, 2}}, {{2, 3, 1}}},
      [](const auto& x) {
        return sum_to(x[0], {3, 1});
      },
      [](const arrays<double>& x) {
        array<double> y = group_by_group({0, 2}, true, naive_sum)(x);
        return reshaped({3, 1})({y});
      }));
  rows.push_back(row(
      "sum_to(x, shape)", "scalar", {plain}, any_shape,
      [](const auto& x) { return sum_to(x[0], {}); }, over_everything(naive_sum)));

  // The same elements in the shape that the argument's shape turns into.
  const auto in_shape = [](std::function<shape_type(const shape_type&)> to) -> expectation {
    return [to](const arrays<double>& x) { return reshaped(to(x[0].shape()))(x); };
  };
  const lists ranks = {{{}},  {{3}},   {{2, 3}}, {{1, 4, 1}}, {{2, 1, 2, 3}}, {{2, 1, 3, 1, 2}},
                       {{0}}, {{3, 0}}};
  rows.push_back(row(
      "flatten(x, first, last)", "", {plain}, ranks, [](const auto& x) { return flatten(x[0]); },
      in_shape([](const shape_type& s) { return shape_type{size_of(s)}; })));
  rows.push_back(row(
      "flatten(x, first, last)", "middle axes", {plain},
      {{{2, 3, 1, 2}}, {{1, 2, 2, 3}}, {{2, 0, 3, 1}}},
      [](const auto& x) { return flatten(x[0], 1, -2); }, in_shape([](const shape_type& s) {
        return shape_type{s[0], s[1] * s[2], s[3]};
      })));
  rows.push_back(row(
      "swap_axes(x, a, b)", "", {plain}, cubes,
      [](const auto& x) { return swap_axes(x[0], -1, 0); },
      moved(
          [](const shape_type& s) {
            return shape_type{s[2], s[1], s[0]};
          },
          [](const index& at) {
            return index{at[2], at[1], at[0]};
          })));
  rows.push_back(row(
      "squeeze(x)", "", {plain}, ranks, [](const auto& x) { return squeeze(x[0]); },
      in_shape([](const shape_type& s) {
        shape_type to;
        for (const std::size_t size : s)
          if (size != 1) to.push_back(size);
        return to;
      })));
  rows.push_back(row(
      "squeeze(x, axes)", "", {plain}, {{{1, 3, 1, 1}}, {{1, 1, 1, 2}}, {{1, 0, 1, 1}}},
      [](const auto& x) {
        return squeeze(x[0], {-2, 0});
      },
      in_shape([](const shape_type& s) {
        return shape_type{s[1], s[3]};
      })));
  rows.push_back(row(
      "expand_dims(x, axes)", "", {plain}, {{{2, 3}}, {{1, 1}}, {{3, 0}}},
      [](const auto& x) {
        return expand_dims(x[0], {-1, 1});
      },
      in_shape([](const shape_type& s) {
        return shape_type{s[0], 1, s[1], 1};
      })));
  rows.push_back(row(
      "expand_dims(x, axes)", "of a scalar", {plain}, {{{}}},
      [](const auto& x) { return expand_dims(x[0], {0}); }, reshaped({1})));

  rows.push_back(row(
      "slice(x, ranges)", "rows", {plain}, {{{4, 3}}, {{3, 1, 2}}, {{5}}, {{2, 0}}},
      [](const auto& x) {
        return slice(x[0], {{1, 3}});
      },
      [](const arrays<double>& x) {
        shape_type to = x[0].shape();
        to[0] = std::min<std::size_t>(to[0], 3) - 1;
        return moved([&](const shape_type&) { return to; },
                     [](index at) { return ++at[0], at; })(x);
      }));
  rows.push_back(row(
      "slice(x, ranges)", "every second, one, reversed", {plain}, cubes,
      [](const auto& x) {
        return slice(x[0], {{.step = 2}, at(-1), {.step = -1}});
      },
      [](const arrays<double>& x) {
        const shape_type s = x[0].shape();
        return moved(
            [](const shape_type& from) {
              return shape_type{(from[0] + 1) / 2, from[2]};
            },
            [&](const index& at) {
              return index{2 * at[0], s[1] - 1, s[2] - 1 - at[1]};
            })(x);
      }));
  rows.push_back(row(
      "slice(x, ranges)", "nothing, and every axis gone", {plain},
      {{{3, 2, 4, 1, 2}}, {{1, 1, 1, 1, 1}}},
      [](const auto& x) {
        return slice(x[0], {at(0), at(-1), at(0), at(0), at(-1)});
      },
      [](const arrays<double>& x) {
        const shape_type s = x[0].shape();
        return full<double>({}, element(x[0], {0, s[1] - 1, 0, 0, s[4] - 1}));
      }));
  rows.push_back(row(
      "slice(x, ranges)", "all", {plain}, ranks, [](const auto& x) { return slice(x[0], {}); },
      moved([](const shape_type& s) { return s; }, [](const index& at) { return at; })));
  rows.push_back(row(
      "slice(x, ranges)", "backwards by two", {plain}, {{{7}}, {{5, 2}}, {{6, 1, 3}}},
      [](const auto& x) {
        return slice(x[0], {{-2, 0, -2}});
      },
      [](const arrays<double>& x) {
        shape_type to = x[0].shape();
        const std::size_t n = to[0];
        to[0] = (n - 1) / 2;
        return moved([&](const shape_type&) { return to; },
                     [&](index at) { return at[0] = n - 2 - 2 * at[0], at; })(x);
      }));

  const std::vector<int> picked = {1, -1, 0, 1, 1, -2};
  const auto resolve = [](int i, std::size_t n) {
    return static_cast<std::size_t>(i < 0 ? i + static_cast<int>(n) : i);
  };
  rows.push_back(row(
      "take(x, indices, axis)", "axis 0", {plain}, {{{3, 2}}, {{2}}, {{4, 1, 2}}, {{2, 0}}},
      [=](const auto& x) { return take(x[0], picked); },
      [=](const arrays<double>& x) {
        const std::size_t n = x[0].shape()[0];
        return moved([](shape_type s) { return s[0] = 6, s; },
                     [=](index at) { return at[0] = resolve(picked[at[0]], n), at; })(x);
      }));
  rows.push_back(row(
      "take(x, indices, axis)", "axis -1", {plain}, {{{3, 2}}, {{2}}, {{2, 1, 5}}, {{0, 2}}},
      [=](const auto& x) { return take(x[0], picked, -1); },
      [=](const arrays<double>& x) {
        const std::size_t n = x[0].shape().back();
        return moved([](shape_type s) { return s.back() = 6, s; },
                     [=](index at) { return at.back() = resolve(picked[at.back()], n), at; })(x);
      }));
  rows.push_back(row(
      "take(x, indices, axis)", "nothing", {plain}, {{{3, 2}}, {{0, 3}}},
      [](const auto& x) { return take(x[0], {}); },
      moved([](shape_type s) { return s[0] = 0, s; }, [](const index& at) { return at; })));
  const auto scattered = [=](std::size_t axis) -> expectation {
    return [=](const arrays<double>& x) {
      shape_type to = x[0].shape();
      to[axis] = 4;
      return generate(to, [&](const index& at) {
        double total = 0;
        for (std::size_t i = 0; i < picked.size(); ++i) {
          index from = at;
          from[axis] = i;
          if (resolve(picked[i], 4) == at[axis]) total += element(x[0], from);
        }
        return total;
      });
    };
  };
  rows.push_back(row(
      "scatter_add(x, indices, size, axis)", "axis 0", {plain},
      {{{6, 2}}, {{6}}, {{6, 1, 2}}, {{6, 0}}},
      [=](const auto& x) { return scatter_add(x[0], picked, 4); }, scattered(0)));
  rows.push_back(row(
      "scatter_add(x, indices, size, axis)", "axis 1", {plain}, {{{2, 6}}, {{3, 6, 2}}, {{0, 6}}},
      [=](const auto& x) { return scatter_add(x[0], picked, 4, 1); }, scattered(1)));

  const auto mirrored = [](std::vector<std::size_t> axes) -> expectation {
    return [=](const arrays<double>& x) {
      const shape_type s = x[0].shape();
      return moved([&](const shape_type&) { return s; },
                   [&](index at) {
                     for (std::size_t axis = 0; axis < s.size(); ++axis)
                       if (axes.empty() || std::find(axes.begin(), axes.end(), axis) != axes.end())
                         at[axis] = s[axis] - 1 - at[axis];
                     return at;
                   })(x);
    };
  };
  rows.push_back(row(
      "flip(x)", "", {plain}, ranks, [](const auto& x) { return flip(x[0]); }, mirrored({})));
  rows.push_back(row(
      "flip(x, axes)", "axis 1", {plain}, cubes, [](const auto& x) { return flip(x[0], {1}); },
      mirrored({1})));
  rows.push_back(row(
      "flip(x, axes)", "axes -1 and 0", {plain}, cubes,
      [](const auto& x) {
        return flip(x[0], {-1, 0});
      },
      mirrored({0, 2})));

  const auto rolled = [](std::ptrdiff_t shift, std::size_t axis) -> expectation {
    return [=](const arrays<double>& x) {
      const auto n = static_cast<std::ptrdiff_t>(x[0].shape()[axis]);
      return moved([](const shape_type& s) { return s; },
                   [=](index at) {
                     std::ptrdiff_t i = static_cast<std::ptrdiff_t>(at[axis]) - shift;
                     while (i < 0) i += n;
                     at[axis] = static_cast<std::size_t>(i % n);
                     return at;
                   })(x);
    };
  };
  rows.push_back(row(
      "roll(x, shift, axis)", "axis 0", {plain}, cubes,
      [](const auto& x) { return roll(x[0], 1, 0); }, rolled(1, 0)));
  rows.push_back(row(
      "roll(x, shift, axis)", "axis -1, backwards and round", {plain}, cubes,
      [](const auto& x) { return roll(x[0], -7, -1); }, rolled(-7, 2)));

  rows.push_back(row(
      "pad(x, widths, value)", "with 0.5", {plain}, cubes,
      [](const auto& x) {
        return pad(x[0], {{1, 2}, {0, 0}, {0, 3}}, 0.5);
      },
      [](const arrays<double>& x) {
        const shape_type s = x[0].shape();
        return generate({s[0] + 3, s[1], s[2] + 3}, [&](const index& at) {
          return at[0] >= 1 && at[0] <= s[0] && at[2] < s[2]
                     ? element(x[0], {at[0] - 1, at[1], at[2]})
                     : 0.5;
        });
      }));
  rows.push_back(row(
      "pad(x, widths, value)", "one width for all axes", {plain}, ranks,
      [](const auto& x) {
        return pad(x[0], {{1, 2}});
      },
      [](const arrays<double>& x) {
        const shape_type s = x[0].shape();
        shape_type to = s;
        for (std::size_t& size : to) size += 3;
        return generate(to, [&](index at) {
          for (std::size_t axis = 0; axis < s.size(); ++axis) {
            if (at[axis] < 1 || at[axis] > s[axis]) return 0.0;
            --at[axis];
          }
          return element(x[0], at);
        });
      }));

  const auto wrapped = [](const arrays<double>& x, const shape_type& to) {
    return generate(to, [&](const index& at) {
      const shape_type s = x[0].shape();
      index from;
      for (std::size_t axis = 0; axis < s.size(); ++axis)
        from.push_back(at[at.size() - s.size() + axis] % s[axis]);
      return element(x[0], from);
    });
  };
  rows.push_back(row(
      "tile(x, counts)", "more counts than axes", {plain}, {{{2, 3}}, {{1, 2}}, {{2, 0}}},
      [](const auto& x) {
        return tile(x[0], {2, 1, 3});
      },
      [=](const arrays<double>& x) {
        return wrapped(x, {2, x[0].shape()[0], 3 * x[0].shape()[1]});
      }));
  rows.push_back(row(
      "tile(x, counts)", "fewer counts than axes", {plain}, cubes,
      [](const auto& x) {
        return tile(x[0], {3, 2});
      },
      [=](const arrays<double>& x) {
        const shape_type s = x[0].shape();
        return wrapped(x, {s[0], 3 * s[1], 2 * s[2]});
      }));
  rows.push_back(row(
      "tile(x, counts)", "none at all", {plain}, {{{2, 3}}},
      [](const auto& x) {
        return tile(x[0], {1, 0});
      },
      [](const arrays<double>&) {
        return zeros<double>({2, 0});
      }));
  rows.push_back(row(
      "repeat(x, count, axis)", "axis 0", {plain}, cubes,
      [](const auto& x) { return repeat(x[0], 3, 0); },
      moved([](shape_type s) { return s[0] *= 3, s; }, [](index at) { return at[0] /= 3, at; })));
  rows.push_back(row(
      "repeat(x, count, axis)", "axis -1", {plain}, cubes,
      [](const auto& x) { return repeat(x[0], 2, -1); },
      moved([](shape_type s) { return s[2] *= 2, s; }, [](index at) { return at[2] /= 2, at; })));

  rows.push_back(row(
      "diagonal(x, offset, axis1, axis2)", "", {plain},
      {{{3, 4}}, {{4, 3}}, {{1, 1}}, {{1, 5}}, {{0, 3}}},
      [](const auto& x) { return diagonal(x[0]); },
      moved([](const shape_type& s) { return shape_type{std::min(s[0], s[1])}; },
            [](const index& at) {
              return index{at[0], at[0]};
            })));
  rows.push_back(row(
      "diagonal(x, offset, axis1, axis2)", "above, axes 0 and 2", {plain},
      {{{3, 2, 3}}, {{2, 1, 5}}, {{1, 2, 2}}, {{3, 0, 2}}},
      [](const auto& x) { return diagonal(x[0], 1, 0, -1); },
      moved(
          [](const shape_type& s) {
            return shape_type{s[1], std::min(s[0], s[2] - 1)};
          },
          [](const index& at) {
            return index{at[1], at[0], at[1] + 1};
          })));
  rows.push_back(row(
      "diagonal(x, offset, axis1, axis2)", "below, axes the other way round", {plain},
      {{{2, 3, 4, 2}}, {{1, 2, 2, 1}}}, [](const auto& x) { return diagonal(x[0], -1, 2, 1); },
      moved(
          [](const shape_type& s) {
            return shape_type{s[0], s[3], std::min(s[1], s[2] - 1)};
          },
          [](const index& at) {
            return index{at[0], at[2], at[2] + 1, at[1]};
          })));
  rows.push_back(row(
      "diagonal(x, offset, axis1, axis2)", "outside", {plain}, {{{2, 3}}, {{1, 1}}},
      [](const auto& x) { return diagonal(x[0], 5); },
      [](const arrays<double>&) { return zeros<double>({0}); }));

  const auto kept = [](bool (*keep)(std::ptrdiff_t)) -> expectation {
    return [keep](const arrays<double>& x) {
      return generate(x[0].shape(), [&](const index& at) {
        const auto above =
            static_cast<std::ptrdiff_t>(at.back()) - static_cast<std::ptrdiff_t>(at[at.size() - 2]);
        return keep(above) ? element(x[0], at) : 0.0;
      });
    };
  };
  const lists stacks = {{{3, 3}},       {{2, 4}}, {{4, 2}}, {{2, 3, 3}},
                        {{1, 2, 1, 2}}, {{0, 2}}, {{2, 0}}};
  rows.push_back(row(
      "tril(x, k)", "", {plain}, stacks, [](const auto& x) { return tril(x[0]); },
      kept([](std::ptrdiff_t above) { return above <= 0; })));
  rows.push_back(row(
      "tril(x, k)", "one above", {plain}, stacks, [](const auto& x) { return tril(x[0], 1); },
      kept([](std::ptrdiff_t above) { return above <= 1; })));
  rows.push_back(row(
      "triu(x, k)", "", {plain}, stacks, [](const auto& x) { return triu(x[0]); },
      kept([](std::ptrdiff_t above) { return above >= 0; })));
  rows.push_back(row(
      "triu(x, k)", "one below", {plain}, stacks, [](const auto& x) { return triu(x[0], -1); },
      kept([](std::ptrdiff_t above) { return above >= -1; })));

  const auto joined = [](std::size_t axis) -> expectation {
    return [axis](const arrays<double>& x) {
      shape_type to = x[0].shape();
      to[axis] = 0;
      for (const array<double>& part : x) to[axis] += part.shape()[axis];
      return generate(to, [&](index at) {
        std::size_t k = 0;
        while (at[axis] >= x[k].shape()[axis]) at[axis] -= x[k++].shape()[axis];
        return element(x[k], at);
      });
    };
  };
  rows.push_back(row(
      "concatenate(parts, axis, where)", "axis 0", {plain, plain, plain},
      {{{2, 3}, {1, 3}, {3, 3}},
       {{2}, {2}, {2}},
       {{2, 1, 2}, {0, 1, 2}, {1, 1, 2}},
       {{2, 0}, {1, 0}, {0, 0}}},
      [](const auto& x) { return concatenate(x); }, joined(0)));
  rows.push_back(row(
      "concatenate(parts, axis, where)", "axis -1", {plain, plain},
      {{{2, 3}, {2, 1}}, {{2}, {5}}, {{2, 3, 2}, {2, 3, 2}}, {{0, 2}, {0, 1}}, {{2, 0}, {2, 3}}},
      [](const auto& x) { return concatenate(x, -1); },
      [=](const arrays<double>& x) { return joined(x[0].dimension() - 1)(x); }));
  rows.push_back(row(
      "concatenate(parts, axis, where)", "axis 1 of one part", {plain}, cubes,
      [](const auto& x) { return concatenate(x, 1); }, joined(1)));
  const auto stacked = [](std::size_t axis) -> expectation {
    return [axis](const arrays<double>& x) {
      shape_type to = x[0].shape();
      to.insert(to.begin() + axis, x.size());
      return generate(to, [&](index at) {
        const std::size_t k = at[axis];
        at.erase(at.begin() + static_cast<std::ptrdiff_t>(axis));
        return element(x[k], at);
      });
    };
  };
  const lists twins = {
      {{2, 3}, {2, 3}}, {{4}, {4}}, {{2, 1, 3, 1}, {2, 1, 3, 1}}, {{0, 2}, {0, 2}}};
  rows.push_back(row(
      "stack(parts, axis, where)", "", {plain, plain}, twins,
      [](const auto& x) { return stack(x); }, stacked(0)));
  rows.push_back(row(
      "stack(parts, axis, where)", "axis 1", {plain, plain}, twins,
      [](const auto& x) { return stack(x, 1); }, stacked(1)));
  rows.push_back(row(
      "stack(parts, axis, where)", "axis -1", {plain, plain}, twins,
      [](const auto& x) { return stack(x, -1); },
      [=](const arrays<double>& x) { return stacked(x[0].dimension())(x); }));
  rows.push_back(row(
      "stack(parts, axis, where)", "scalars", {plain, plain, plain}, {{{}, {}, {}}},
      [](const auto& x) { return stack(x); }, stacked(0)));
}

}  // namespace table
