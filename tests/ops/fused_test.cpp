// A fused kernel is a vjp written a second time, for speed. Here both ways run over the whole
// table.

#include "ops/table.hpp"
#include "tape/rule.hpp"

#include "catch.hpp"

#include <xtape/calculus/grad.hpp>
#include <xtape/ops/ops.hpp>

using namespace xtape;
using table::operation;
using table::variables;

namespace {

/// Gradients of <r, op(x)>, those of several calls of backward added up; or the same from sweeps that are recorded, which
/// compute with operations only.
std::vector<array<double>> gradients(const operation& op, const table::arrays<double>& values,
                                     const array<double>& r, int calls, bool recorded) {
  variables<double> x;
  std::vector<array<double>> result;
  for (const array<double>& value : values) {
    x.push_back(parameter<double>(value));
    result.push_back(zeros<double>(value.shape()));
  }
  for (int call = 0; call < calls; ++call) {
    const tape recording;
    const variable<double> y = op.in_double(x);
    const variable<double> seed = array<double>(r * (call + 1.0));
    if (!recorded) {
      y.backward(seed);
      continue;
    }
    const variables<double> g = vjp(y, seed, x, {.create_graph = true});
    for (std::size_t k = 0; k < x.size(); ++k) result[k] += g[k].value();
  }
  for (std::size_t k = 0; k < x.size() && !recorded; ++k) result[k] = x[k].grad();
  return result;
}

// The identity, with a derivative that fails while it is told to.
bool failing = false;
struct failing_rule : detail::structural {
  static constexpr std::string_view name = "failing";
  static constexpr detail::saves saved = detail::saves::nothing;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    return variable<T>::adopt(new detail::node<T>(x));
  }
  template <real T>
  variable<T> vjp(detail::arg<0>, const variable<T>& g) const {
    if (failing) throw domain_error("failing: its derivative fails");
    return g;
  }
};

}  // namespace

TEST_CASE("a backward that failed on its way leaves no cotangents behind", "[ops][errors]") {
  const parameter<double> p(array<double>{1, 2, 3});
  const tape recording;
  const variable<double> y = apply(failing_rule{}, operand<double>(p));
  const variable<double> loss = sum(y * y);
  failing = true;
  CHECK_THROWS_AS(loss.backward(), domain_error);
  CHECK_THROWS_AS(grad(loss, {p}, {.create_graph = true}), domain_error);
  CHECK_FALSE(p.has_grad());
  failing = false;
  loss.backward();
  CHECK((p.grad() == array<double>{2, 4, 6}));
  CHECK((grad(loss, {p})[0].value() == array<double>{2, 4, 6}));
}

TEST_CASE("fused kernels agree with their rules", "[ops][fused]") {
  table::for_each_call([](const operation& op, const std::vector<shape_type>& shapes) {
    const table::arrays<double> values = draw(op, shapes, 31);
    const array<double> r = table::draw(op.expected(values).shape(), {}, 32);
    for (const int calls : {1, 2, 3}) {
      INFO(calls << " backward calls");
      const auto fused = gradients(op, values, r, calls, false);
      const auto plain = gradients(op, values, r, calls, true);
      for (std::size_t k = 0; k < values.size(); ++k)
        CHECK(table::distance(fused[k], plain[k]) < 1e-12);
    }
  });
}

TEST_CASE("fused kernels add to a cotangent that other operations began", "[ops][fused]") {
  table::for_each_call([](const operation& op, const std::vector<shape_type>& shapes) {
    const table::arrays<double> values = draw(op, shapes, 33);
    const array<double> r = table::draw(op.expected(values).shape(), {}, 34);
    // Each argument is an intermediate value that three operations use, so that the cotangent is
    // opened by one, added to by the next, and copied where it is shared.
    const auto run = [&](bool recorded) {
      variables<double> leaves, x;
      const tape recording;
      for (const array<double>& value : values) {
        leaves.push_back(parameter<double>(value));
        x.push_back(leaves.back() * 1.0);
      }
      variable<double> total = sum(op.in_double(x) * r);
      for (const variable<double>& each : x) total = total + sum(each * each);
      total = total + sum(op.in_double(x) * r * 0.5);
      std::vector<array<double>> result;
      if (recorded) {
        for (const variable<double>& g : grad(total, leaves, {.create_graph = true}))
          result.push_back(g.value());
        return result;
      }
      total.backward();
      for (const variable<double>& leaf : leaves) result.push_back(leaf.grad());
      return result;
    };
    const auto fused = run(false);
    const auto plain = run(true);
    for (std::size_t k = 0; k < values.size(); ++k)
      CHECK(table::distance(fused[k], plain[k]) < 1e-12);
  });
}
