#include <xtape/inspect/tape.hpp>

#include <ostream>
#include <string>

#include "inspect/table.hpp"
#include "tape/sweep.hpp"

namespace xtape {

std::ostream& operator<<(std::ostream& out, const tape& t) {
  detail::text_rows rows{{"entry", "operation", "shape", "inputs", "name", "line"}};
  for (const entry* const e : t.entries()) {
    std::string inputs;
    for (std::size_t k = 0; k < e->input_count(); ++k)
      inputs += (k == 0 ? "" : ", ") + e->input_text(k);
    rows.push_back({"%" + std::to_string(e->index()), std::string(e->operation()),
                    to_string(e->shape()), inputs, std::string(e->name()), e->where().text()});
  }
  return out << detail::aligned(rows);
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
