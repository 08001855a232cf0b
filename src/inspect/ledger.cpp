#include <xtape/inspect/ledger.hpp>

#include <cmath>
#include <ostream>
#include <unordered_map>

#include <xtape/array/error.hpp>
#include <xtape/calculus/grad.hpp>
#include <xtape/inspect/statistics.hpp>

#include "inspect/table.hpp"
#include "tape/sweep.hpp"

namespace xtape::inspect {
namespace {

template <real T>
double rms(const array<T>& x) {
  return statistics_of(x).rms;
}
template <real T>
double norm(const array<T>& x) {
  return rms(x) * std::sqrt(static_cast<double>(x.size()));
}

// The entries that the loss depends on, by their results.
template <real T>
struct index : detail::sweep_observer {
  std::unordered_map<const detail::node_base*, const entry*> made;
  void reached(const entry& e, detail::node_base&) override {
    made.emplace(&e.output<T>().node(), &e);
  }
  void sent(std::size_t, detail::node_base&) override {}
  const entry* of(const variable<T>& v) const {
    const auto place = made.find(&v.node());
    return place == made.end() ? nullptr : place->second;
  }
};

// h = phi(z), z = x w + ...
template <real T>
struct layer {
  variable<T> z, w;
};

template <real T>
bool find_weight(const index<T>& entries, const variable<T>& z, const variable<T>& x,
                 variable<T>& w) {
  const entry* const e = entries.of(z);
  if (e == nullptr) return false;
  if (e->operation() == "affine" || e->operation() == "matmul") {
    if (e->input_text(0) == "constant" || &e->input<T>(0).node() != &x.node()) return false;
    if (e->input_text(1) == "constant") return false;
    w = e->input<T>(1);
    return w.shape().size() == 2;
  }
  for (std::size_t k = 0; k < e->input_count() && e->operation() == "add"; ++k)
    if (e->input_text(k) != "constant" && find_weight(entries, e->input<T>(k), x, w)) return true;
  return false;
}

template <real T>
layer<T> find_layer(const index<T>& entries, const variable<T>& x, const variable<T>& h,
                    const std::string& names, location where) {
  layer<T> found{h, h};
  const auto unary = [&]() -> const entry* {
    const entry* const e = entries.of(found.z);
    return e != nullptr && e->input_count() == 1 && e->input_text(0) != "constant" &&
                   e->input<T>(0).shape() == e->shape()
               ? e
               : nullptr;
  };
  while (const entry* const e = unary()) found.z = e->input<T>(0);
  if (!find_weight(entries, found.z, x, found.w))
    throw tape_error(
        "gradient_ledger: " + names +
            ": between them must stand one product of the first with a tracked matrix, "
            "then elementwise operations of one argument",
        where);
  return found;
}

std::string name_of(const detail::node_base& n, std::size_t place) {
  return n.name().empty() ? "value " + std::to_string(place) : std::string(n.name());
}

std::string short_text(double value) { return detail::short_text("%.4g", value); }

detail::text_rows table(const ledger& l, std::string (*number)(double)) {
  detail::text_rows rows{{"from", "to", "gradient", "ratio", "activation", "weight", "alignment"}};
  for (const ledger_row& r : l.rows())
    rows.push_back({r.from, r.to, number(r.gradient), number(r.ratio), number(r.activation),
                    number(r.weight), number(r.alignment)});
  return rows;
}

}  // namespace

double ledger::total() const {
  double product = 1;
  for (const ledger_row& row : rows_) product *= row.ratio;
  return product;
}

std::string ledger::text() const {
  detail::text_rows rows = table(*this, short_text);
  rows.push_back({"in all", "", "", short_text(total())});
  return detail::aligned(rows);
}

std::string ledger::csv() const { return detail::csv(table(*this, detail::full_text)); }

std::ostream& operator<<(std::ostream& out, const ledger& l) { return out << l.text(); }

template <real T>
ledger gradient_ledger(const variable<T>& loss, const std::vector<variable<T>>& path,
                       location where) {
  if (path.size() < 2)
    throw domain_error("gradient_ledger: a path of " + std::to_string(path.size()) +
                           (path.size() == 1 ? " value" : " values") + ": it takes two at least",
                       where);
  index<T> entries;
  detail::sweep(std::span(&loss, 1), {}, detail::sweep::purpose::observe, "gradient_ledger", where)
      .run(&entries);
  std::vector<ledger_row> rows;
  variable<T> gradient = grad(loss, {path.back()}, {}, where)[0];
  for (std::size_t i = path.size() - 1; i > 0; --i) {
    const variable<T>&h = path[i], &x = path[i - 1];
    const std::string from = name_of(h.node(), i), to = name_of(x.node(), i - 1);
    const layer<T> found = find_layer(entries, x, h, to + " and " + from, where);
    ledger_row row{from, to, norm(gradient.value()), 0, 1, 0, 0};
    if (&found.z.node() != &h.node())
      row.activation =
          rms(vjp(h, variable<T>(full<T>(h.shape(), T(1))), {found.z}, {}, where)[0].value());
    row.weight = norm(found.w.value()) / std::sqrt(static_cast<double>(found.w.shape()[1]));
    gradient = vjp(h, gradient, {x}, {}, where)[0];
    const double product = row.activation * row.weight;
    row.ratio = row.gradient == 0 ? 0 : norm(gradient.value()) / row.gradient;
    row.alignment = product == 0 ? 0 : row.ratio / product;
    rows.push_back(std::move(row));
  }
  return ledger(std::move(rows));
}

template XTAPE_API ledger gradient_ledger(const variable<float>&,
                                          const std::vector<variable<float>>&, location);
template XTAPE_API ledger gradient_ledger(const variable<double>&,
                                          const std::vector<variable<double>>&, location);

}  // namespace xtape::inspect
