#include <xtape/inspect/flow.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>
#include <string_view>

#include <nlohmann/json.hpp>

#include <xtape/array/error.hpp>
#include <xtape/array/text.hpp>
#include <xtape/calculus/grad.hpp>

#include "inspect/table.hpp"
#include "tape/sweep.hpp"

namespace xtape::inspect {
namespace {

// Those whose flat parts make units saturate or die.
constexpr std::string_view activations[]{
    "sigmoid",   "tanh", "relu",     "leaky_relu", "elu",       "selu",        "gelu",
    "gelu_tanh", "silu", "softplus", "softsign",   "hard_tanh", "log_sigmoid", "mish"};

constexpr double flat = 0.02;

// What a sweep meets: the entries that the loss depends on with their cotangents, and the parameters with the
// sums of what is sent to them.
template <real T>
struct recorder : detail::sweep_observer {
  struct leaf {
    variable<T> value;
    std::size_t first_use;
    array<T> gradient;
  };
  bool unnamed = false;
  std::vector<std::pair<const entry*, array<T>>> entries;  // last first
  std::map<const detail::node_base*, leaf> parameters;
  const entry* at = nullptr;

  void reached(const entry& e, detail::node_base& cotangent) override {
    at = &e;
    if (unnamed || !e.name().empty()) entries.emplace_back(&e, detail::as<T>(cotangent).value());
  }
  void sent(std::size_t input, detail::node_base& contribution) override {
    const variable<T> to = at->input<T>(input);
    if (!to.node().parameter) return;
    const array<T>& part = detail::as<T>(contribution).value();
    const auto [place, is_new] = parameters.try_emplace(&to.node(), leaf{to, 0, part});
    place->second.first_use = at->index();
    if (is_new) return;
    array<T>& sum = place->second.gradient;
    for (std::size_t i = 0; i < sum.size(); ++i) sum.data()[i] += part.data()[i];
  }
};

// The local derivative of an activation, element by element.
template <real T>
void judge(flow_row& row, const entry& e) {
  if (e.input_count() != 1 || std::find(std::begin(activations), std::end(activations),
                                        e.operation()) == std::end(activations))
    return;
  const variable<T> y = e.output<T>();
  const array<T> slope = vjp(y, variable<T>(full<T>(y.shape(), T(1))), {e.input<T>(0)})[0].value();
  const auto below = [&](T s) { return std::abs(s) <= static_cast<T>(flat); };
  const auto all = static_cast<double>(slope.size());
  row.saturated =
      all == 0 ? 0 : static_cast<double>(std::count_if(slope.begin(), slope.end(), below)) / all;
  if (slope.dimension() != 2) return;
  const std::size_t rows = slope.shape()[0], units = slope.shape()[1];
  row.dead.emplace();
  for (std::size_t unit = 0; unit < units && rows > 0; ++unit) {
    std::size_t i = 0;
    while (i < rows && slope(i, unit) == 0) ++i;
    if (i == rows) row.dead->push_back(unit);
  }
}

std::string name_of(const entry& e) {
  return e.name().empty() ? "%" + std::to_string(e.index()) : std::string(e.name());
}

struct column {
  const char* name;
  double (*of)(const statistics&);
};
constexpr column columns[]{
    {"count", [](const statistics& s) { return static_cast<double>(s.count); }},
    {"mean", [](const statistics& s) { return s.mean; }},
    {"mean_magnitude", [](const statistics& s) { return s.mean_magnitude; }},
    {"rms", [](const statistics& s) { return s.rms; }},
    {"standard_deviation", [](const statistics& s) { return s.standard_deviation; }},
    {"least", [](const statistics& s) { return s.least; }},
    {"greatest", [](const statistics& s) { return s.greatest; }},
    {"cancellation", [](const statistics& s) { return s.cancellation(); }},
    {"zeros", [](const statistics& s) { return static_cast<double>(s.zeros); }},
    {"subnormals", [](const statistics& s) { return static_cast<double>(s.subnormals); }},
    {"not_finite", [](const statistics& s) { return static_cast<double>(s.not_finite); }},
};

std::string share_text(std::size_t part, std::size_t all) {
  return part == 0 ? ""
                   : detail::short_text("%.1f%%",
                                        100 * static_cast<double>(part) / static_cast<double>(all));
}

}  // namespace

const flow_row& flow::operator[](const std::string& name) const {
  const auto place = std::find_if(rows_.begin(), rows_.end(),
                                  [&](const flow_row& row) { return row.name == name; });
  if (place == rows_.end()) throw domain_error("flow: no value is named \"" + name + "\"");
  return *place;
}

std::string flow::text() const {
  detail::text_rows all{{"", "", "", "value", "", "", "", "", "gradient", "", "", ""},
                        {"name", "operation", "shape", "mean", "rms", "zeros", "saturated", "dead",
                         "rms", "greatest", "cancels", "zeros"}};
  for (const flow_row& row : rows_) {
    const statistics &v = row.value, &g = row.gradient;
    all.push_back({row.name, row.operation, to_string(row.shape),
                   detail::short_text("%.3g", v.mean), detail::short_text("%.3g", v.rms),
                   share_text(v.zeros, v.count),
                   row.saturated ? detail::short_text("%.1f%%", 100 * *row.saturated) : "",
                   row.dead ? std::to_string(row.dead->size()) : "",
                   detail::short_text("%.3g", g.rms), detail::short_text("%.3g", g.max_magnitude()),
                   detail::short_text("%.2f", 1 - g.cancellation()), share_text(g.zeros, g.count)});
  }
  return detail::aligned(all);
}

std::string flow::csv() const {
  detail::text_rows all{{"name", "operation", "line", "shape"}};
  for (const char* const what : {"value_", "gradient_"})
    for (const column& c : columns) all[0].push_back(std::string(what) + c.name);
  all[0].insert(all[0].end(), {"saturated", "dead"});
  for (const flow_row& row : rows_) {
    std::vector<std::string> line{row.name, row.operation, row.where.text(), to_string(row.shape)};
    for (const statistics* const s : {&row.value, &row.gradient})
      for (const column& c : columns) line.push_back(detail::full_text(c.of(*s)));
    line.push_back(row.saturated ? detail::full_text(*row.saturated) : "");
    line.push_back(row.dead ? std::to_string(row.dead->size()) : "");
    all.push_back(std::move(line));
  }
  return detail::csv(all);
}

std::string flow::json() const {
  auto all = nlohmann::ordered_json::array();
  const auto figures = [](const statistics& s) {
    nlohmann::ordered_json object;
    for (const column& c : columns) object[c.name] = c.of(s);
    return object;
  };
  for (const flow_row& row : rows_) {
    nlohmann::ordered_json object{{"name", row.name},
                                  {"operation", row.operation},
                                  {"line", row.where.text()},
                                  {"shape", std::vector(row.shape.begin(), row.shape.end())},
                                  {"value", figures(row.value)},
                                  {"gradient", figures(row.gradient)}};
    if (row.saturated) object["saturated"] = *row.saturated;
    if (row.dead) object["dead"] = *row.dead;
    all.push_back(std::move(object));
  }
  return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

std::ostream& operator<<(std::ostream& out, const flow& f) { return out << f.text(); }

template <real T>
flow gradient_flow(const variable<T>& loss, flow_options options, location where) {
  recorder<T> found;
  found.unnamed = options.unnamed;
  detail::sweep(std::span(&loss, 1), {}, detail::sweep::purpose::observe, "gradient_flow", where)
      .run(&found);
  // Each with the place of an entry, a parameter before the entry that uses it.
  std::vector<std::pair<std::size_t, flow_row>> rows;
  for (const auto& [n, leaf] : found.parameters)
    rows.push_back({2 * leaf.first_use,
                    {leaf.value.name().empty() ? "parameter of %" + std::to_string(leaf.first_use)
                                               : std::string(leaf.value.name()),
                     "parameter",
                     location{},
                     leaf.value.shape(),
                     statistics_of(leaf.value.value()),
                     statistics_of(leaf.gradient),
                     {},
                     {}}});
  for (const auto& [e, gradient] : found.entries) {
    flow_row row{name_of(*e),
                 std::string(e->operation()),
                 e->where(),
                 e->shape(),
                 statistics_of(e->template output<T>().value()),
                 statistics_of(gradient),
                 {},
                 {}};
    judge<T>(row, *e);
    rows.push_back({2 * e->index() + 1, std::move(row)});
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first, std::string_view(a.second.name)) <
           std::pair(b.first, std::string_view(b.second.name));
  });
  std::vector<flow_row> ordered;
  for (auto& [place, row] : rows) ordered.push_back(std::move(row));
  return flow(std::move(ordered));
}

template XTAPE_API flow gradient_flow(const variable<float>&, flow_options, location);
template XTAPE_API flow gradient_flow(const variable<double>&, flow_options, location);

template <real T>
update_ratios<T>::update_ratios(std::vector<variable<T>> parameters)
    : parameters_(std::move(parameters)) {
  for (const variable<T>& p : parameters_) before_.push_back(p.value());
}

template <real T>
std::vector<typename update_ratios<T>::row> update_ratios<T>::measure() const {
  std::vector<row> rows;
  for (std::size_t k = 0; k < parameters_.size(); ++k) {
    array<T> change = parameters_[k].value();
    for (std::size_t i = 0; i < change.size(); ++i) change.data()[i] -= before_[k].data()[i];
    const double update = statistics_of(change).rms, value = statistics_of(before_[k]).rms;
    rows.push_back(
        {std::string(parameters_[k].name()), update, value, update == 0 ? 0 : update / value});
  }
  return rows;
}

template class update_ratios<float>;
template class update_ratios<double>;

}  // namespace xtape::inspect
