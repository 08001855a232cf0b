#include <xtape/inspect/tape.hpp>

#include <algorithm>
#include <array>
#include <ostream>
#include <string>

#include "tape/sweep.hpp"

namespace xtape {

std::ostream& operator<<(std::ostream& out, const tape& t) {
  const std::array<std::string, 6> title{"entry", "operation", "shape", "inputs", "name", "line"};
  std::vector<std::array<std::string, 6>> rows{title};
  for (const entry* const e : t.entries()) {
    std::string inputs;
    for (std::size_t k = 0; k < e->input_count(); ++k)
      inputs += (k == 0 ? "" : ", ") + e->input_text(k);
    std::string index = "%";
    index += std::to_string(e->index());
    rows.push_back({index, std::string(e->operation()), to_string(e->shape()), inputs,
                    std::string(e->name()), e->where().text()});
  }
  std::array<std::size_t, 6> width{};
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], row[c].size());
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c)
      line += row[c] + std::string(width[c] - row[c].size() + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
  return out;
}

template <real T>
std::vector<backward_step<T>> walk(const variable<T>& output, location where) {
  struct : detail::sweep_observer {
    std::vector<backward_step<T>> steps;
    void reached(const entry& e, detail::node_base& cotangent) override {
      steps.push_back({&e, detail::as<T>(cotangent).value(), {}});
    }
    void sent(std::size_t input, detail::node_base& contribution) override {
      steps.back().contributions.push_back({input, detail::as<T>(contribution).value()});
    }
  } record;
  const std::span<const variable<T>> outputs(&output, 1);
  detail::sweep(outputs, {}, detail::sweep::purpose::observe, "walk", where).run(&record);
  return std::move(record.steps);
}

template XTAPE_API std::vector<backward_step<float>> walk(const variable<float>&, location);
template XTAPE_API std::vector<backward_step<double>> walk(const variable<double>&, location);

}  // namespace xtape
