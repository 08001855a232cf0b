#include "io/state.hpp"

#include <xtape/array/text.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <type_traits>

#include "io/safetensors.hpp"

namespace xtape::io::detail {
namespace {

template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;  // clang 14 does not find it itself

/// What a file must have for a slot.
struct wanted {
  element type;
  shape_type shape;
  bool any_length = false;  // of the only axis
};

wanted wanted_of(const slot& each) {
  return std::visit(overloaded{
                        [](const memory& m) {
                          return wanted{m.type, m.shape};
                        },
                        [](const rng*) {
                          return wanted{element::u64, {std::tuple_size_v<rng::state_type>}};
                        },
                        []<real T>(const parameter<T>* p) {
                          return wanted{element_of<T>, p->shape()};
                        },
                        []<real T>(const std::vector<T>* v) {
                          return wanted{element_of<T>, {v->size()}, true};
                        },
                    },
                    each.place);
}

std::string text_of(element type, const shape_type& shape) {
  return safetensors_name(type) + ' ' + to_string(shape);
}

bool fits(const wanted& here, const tensor& there, bool same_types) {
  if (same_types && here.type != there.type) return false;
  if (here.any_length) return there.shape.size() == 1;
  return here.shape == there.shape;
}

/// A number of a type that checkpoints have bounds for.
double number_of(element type, const std::uint8_t* bytes) {
  if (type == element::f64) {
    double value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  std::uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<double>(value);
}

std::string text_of(const std::pair<double, double>& bounds) {
  const auto [least, most] = bounds;
  if (most == std::numeric_limits<double>::max())
    return "finite, and at least " + number_text(least);
  return number_text(least) + (least == most ? "" : " to " + number_text(most));
}

/// All that is wrong, at once.
class differences {
 public:
  void add(const std::string& text) {
    if (count_++ < most) list_ += "\n  " + text;
  }
  void check(const input_file& file, const char* than) const {
    if (count_ == 0) return;
    file.fail(std::to_string(count_) + (count_ == 1 ? " difference" : " differences") + " from " +
              than + ':' + list_ +
              (count_ > most ? "\n  and " + std::to_string(count_ - most) + " more" : ""));
  }

 private:
  static constexpr std::size_t most = 1000;
  std::size_t count_ = 0;
  std::string list_;
};

}  // namespace

pieces pieces_of(const char* operation, const std::vector<slot>& slots, location where) {
  pieces result;
  result.generators.reserve(slots.size());
  for (const slot& each : slots) {
    const wanted shape = wanted_of(each);
    const void* const numbers = std::visit(
        overloaded{
            [](const memory& m) -> const void* { return m.numbers; },
            [&](const rng* random) -> const void* {
              return result.generators.emplace_back(random->state()).data();
            },
            []<real T>(const parameter<T>* p) -> const void* { return p->node().view().data(); },
            []<real T>(const std::vector<T>* v) -> const void* { return v->data(); },
        },
        each.place);
    result.list.push_back({each.name, shape.type, shape.shape, numbers});
  }
  std::vector<const std::string*> names;
  for (const slot& each : slots) names.push_back(&each.name);
  std::sort(names.begin(), names.end(), [](auto* a, auto* b) { return *a < *b; });
  const auto twice =
      std::adjacent_find(names.begin(), names.end(), [](auto* a, auto* b) { return *a == *b; });
  if (twice != names.end())
    throw domain_error(std::string(operation) + ": two things are called " + in_quotes(**twice),
                       where);
  return result;
}

void load_state(const archive& from, const char* operation, const std::vector<slot>& slots,
                const loading& how, location where) {
  const char* const what = how.same_types ? "what was added" : "the model";
  pieces_of(operation, slots, where);  // no name comes twice
  std::map<std::string, std::size_t> there;
  for (std::size_t i = 0; i < from.tensors().size(); ++i) there[from.tensors()[i].name] = i;
  std::vector<const tensor*> tensors(slots.size());
  std::vector<std::size_t> places(slots.size());
  differences names;
  for (std::size_t k = 0; k < slots.size(); ++k) {
    const wanted here = wanted_of(slots[k]);
    const auto found = there.find(slots[k].name);
    const std::string called = in_quotes(slots[k].name);
    if (found == there.end()) {
      names.add(called + " is missing: it is " + text_of(here.type, here.shape) + " here");
      continue;
    }
    places[k] = found->second;
    tensors[k] = &from.tensors()[places[k]];
    if (!fits(here, *tensors[k], how.same_types))
      names.add(called + " is " + text_of(tensors[k]->type, tensors[k]->shape) + " in the file, " +
                text_of(here.type, here.shape) + " here");
    there.erase(found);
  }
  for (const auto& [name, i] : there) {
    const tensor& each = from.tensors()[i];
    names.add(in_quotes(name) + ", " + text_of(each.type, each.shape) + ", is in the file only");
  }
  names.check(from.file(), what);

  // Everything is read aside first, and set only when nothing can go wrong any more.
  std::vector<std::vector<std::uint8_t>> read(slots.size());
  differences values;
  for (std::size_t k = 0; k < slots.size(); ++k) {
    const element type = wanted_of(slots[k]).type;
    tensor each = *tensors[k];
    const std::size_t size = *bytes_of(each.shape, type);
    read[k].resize(size);
    const std::unique_ptr<stream> numbers = from.open(places[k]);
    if (how.same_types)
      read_bytes(*numbers, each, read[k].data());
    else if (type == element::f32)
      read_numbers(*numbers, each, how.options, reinterpret_cast<float*>(read[k].data()));
    else
      read_numbers(*numbers, each, how.options, reinterpret_cast<double*>(read[k].data()));
    if (type == element::boolean)
      for (const std::uint8_t byte : read[k])
        if (byte > 1)
          values.add(in_quotes(slots[k].name) + " is " + std::to_string(byte) + ": no bool");
    if (const auto& bounds = slots[k].bounds) {
      const double value = number_of(type, read[k].data());
      if (!(value >= bounds->first && value <= bounds->second))
        values.add(in_quotes(slots[k].name) + " is " + number_text(value) +
                   " in the file: it must be " + text_of(*bounds));
    }
  }
  values.check(from.file(), what);
  if (how.before) how.before();
  for (std::size_t k = 0; k < slots.size(); ++k)
    std::visit(overloaded{
                   []<real T>(const parameter<T>* p) { p->mutable_value(); },
                   [&]<real T>(std::vector<T>* v) { v->reserve(read[k].size() / sizeof(T)); },
                   [](const auto&) {},
               },
               slots[k].place);

  // From here on nothing throws.
  for (std::size_t k = 0; k < slots.size(); ++k) {
    const auto copy = [&bytes = read[k]](void* target) {
      if (!bytes.empty()) std::memcpy(target, bytes.data(), bytes.size());
    };
    std::visit(overloaded{
                   [&](const memory& m) { copy(m.numbers); },
                   [&](rng* random) {
                     rng::state_type state;
                     copy(state.data());
                     random->set_state(state);
                   },
                   [&]<real T>(std::vector<T>* v) {
                     v->resize(read[k].size() / sizeof(T));
                     copy(v->data());
                   },
                   [&]<real T>(const parameter<T>* p) { copy(p->mutable_value().data()); },
               },
               slots[k].place);
  }
}

}  // namespace xtape::io::detail
