#include <xtape/inspect/graph.hpp>

#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <vector>

#include <xtape/array/text.hpp>
#include <xtape/inspect/statistics.hpp>

#include "tape/sweep.hpp"

namespace xtape::inspect {
namespace {

std::string in_quotes(std::string_view text) {
  std::string all = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') all += '\\';
    all += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return all + '"';
}

// Up to the last dot or slash; empty where there is none.
std::string name_scope(std::string_view name) {
  const std::size_t end = name.find_last_of("./");
  return std::string(end == std::string_view::npos ? std::string_view() : name.substr(0, end));
}

// The entries that the output depends on, last first, and the gradients of all values.
template <real T>
struct picture : detail::sweep_observer {
  std::vector<const entry*> entries;
  std::map<const detail::node_base*, array<T>> gradients;
  void reached(const entry& e, detail::node_base& cotangent) override {
    entries.push_back(&e);
    gradients.insert_or_assign(&e.output<T>().node(), detail::as<T>(cotangent).value());
  }
  void sent(std::size_t input, detail::node_base& contribution) override {
    const array<T>& part = detail::as<T>(contribution).value();
    const auto [place, is_new] =
        gradients.try_emplace(&entries.back()->input<T>(input).node(), part);
    for (std::size_t i = 0; i < part.size() && !is_new; ++i)
      place->second.data()[i] += part.data()[i];
  }
};

template <real T>
class writer {
 public:
  writer(const picture<T>& found, const graph_options& options)
      : found_(found), options_(options) {}

  std::string text() {
    out_ << "digraph tape {\n  rankdir=BT;\n  ranksep=0.3;\n  node [fontname=\"Helvetica\", "
            "fontsize=11, "
            "shape=box, margin=\"0.12,0.04\"];\n";
    for (auto e = found_.entries.rbegin(); e != found_.entries.rend(); ++e) add(**e);
    for (const auto& [name, scope] : scopes_)
      out_ << "  " << in_quotes(name) << " [shape=box3d, label="
           << in_quotes(name + "\n" + std::to_string(scope.operations) +
                        (scope.operations == 1 ? " operation\n" : " operations\n") +
                        scope.last_result)
           << "];\n";
    for (const auto& [from, to] : edges_)
      out_ << "  " << in_quotes(from) << " -> " << in_quotes(to) << ";\n";
    out_ << "}\n";
    return out_.str();
  }

 private:
  // The value of an argument; null for a constant that the tape did not keep.
  static const variable<T>* argument(const entry& e, std::size_t k, variable<T>& into) {
    if (e.input_text(k) == "constant") return nullptr;
    into = e.input<T>(k);
    return &into;
  }

  // As graph_options::collapse says; `x` is somewhere to put an argument.
  std::string scope_of(const entry& e, variable<T>& x) {
    if (!e.name().empty()) return name_scope(e.name());
    for (std::size_t k = 0; k < e.input_count(); ++k)
      if (argument(e, k, x) != nullptr && x.node().parameter && !name_scope(x.name()).empty())
        return name_scope(x.name());
    return e.input_count() > 0 && argument(e, 0, x) != nullptr && scope_of_.contains(&x.node())
               ? scope_of_[&x.node()]
               : "";
  }

  void add(const entry& e) {
    const variable<T> result = e.output<T>();
    variable<T> x = result;
    const std::string scope = scope_of(e, x);
    scope_of_[&result.node()] = scope;
    const bool hidden = options_.collapse && !scope.empty();
    const std::string own = "%" + std::to_string(e.index());
    const std::string box = hidden ? scope : own;
    boxes_[&result.node()] = box;
    if (hidden) {
      scopes_[scope] = {scopes_[scope].operations + 1, described(result)};
    } else {
      std::string label = std::string(e.operation()) + "  " + own + '\n';
      if (!e.name().empty()) label += std::string(e.name()) + ' ';
      out_ << "  " << in_quotes(own) << " [style=rounded, label="
           << in_quotes(label + described(result) + '\n' + e.where().text()) << "];\n";
    }
    for (std::size_t k = 0; k < e.input_count(); ++k) {
      const bool there = argument(e, k, x) != nullptr;
      if (there && !boxes_.contains(&x.node())) add_leaf(x, hidden ? scope : "");
      if (!there && hidden) continue;
      const std::string from = there ? boxes_[&x.node()] : own + '.' + std::to_string(k);
      if (!there) out_ << "  " << in_quotes(from) << " [style=dashed, label=\"constant\"];\n";
      if (from != box) edges_.emplace(from, box);
    }
  }

  // A parameter, or a constant that the tape kept; one of a collapsed scope's own stands within it.
  void add_leaf(const variable<T>& x, const std::string& scope) {
    std::string& box = boxes_[&x.node()];
    if (!scope.empty() && (!x.node().parameter || name_scope(x.name()) == scope)) {
      box = scope;
      return;
    }
    box = "leaf " + std::to_string(++leaves_);
    const std::string name =
        x.name().empty() ? x.node().parameter ? "parameter" : "constant" : std::string(x.name());
    out_ << "  " << in_quotes(box) << " [" << (x.node().parameter ? "" : "style=dashed, ")
         << "label=" << in_quotes(name + ' ' + described(x)) << "];\n";
  }

  std::string described(const variable<T>& x) const {
    std::string text = to_string(x.shape());
    if (x.size() > 0 && x.size() <= options_.values) {
      text += '\n';
      for (const T each : x.value())
        text += (text.back() == '\n' ? "" : " ") + number_text(static_cast<double>(each));
    }
    if (!options_.gradients) return text;
    const auto place = found_.gradients.find(&x.node());
    if (place != found_.gradients.end())
      text += "\ngradient RMS " + number_text(statistics_of(place->second).rms);
    return text;
  }

  const picture<T>& found_;
  const graph_options& options_;
  std::ostringstream out_;
  std::map<const detail::node_base*, std::string> scope_of_, boxes_;
  struct collapsed {
    std::size_t operations = 0;
    std::string last_result;
  };
  std::map<std::string, collapsed> scopes_;
  std::set<std::pair<std::string, std::string>> edges_;
  std::size_t leaves_ = 0;
};

}  // namespace

template <real T>
std::string dot(const variable<T>& output, const graph_options& options, location where) {
  picture<T> found;
  const variable<T> seed(full<T>(output.shape(), T(1)));
  detail::sweep(std::span(&output, 1), std::span(&seed, 1), detail::sweep::purpose::observe, "dot",
                where)
      .run(&found);
  return writer<T>(found, options).text();
}

template XTAPE_API std::string dot(const variable<float>&, const graph_options&, location);
template XTAPE_API std::string dot(const variable<double>&, const graph_options&, location);

}  // namespace xtape::inspect
