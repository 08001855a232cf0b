#pragma once

#include <xtape/data/batches.hpp>
#include <xtape/io/state.hpp>
#include <xtape/optim/optimizer.hpp>
#include <xtape/schedule/schedule.hpp>

#include <concepts>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace xtape::io {

/// A whole training state in one file, from which training goes on bit for bit as it would have.
/// Everything that changes while training is added once, under a name; save and load then take them
/// all together:
///
///     xp::io::checkpoint checkpoint;
///     checkpoint.add("model", model);          // parameters, buffers, generators
///     checkpoint.add("optimizer", optimizer);  // moments, steps, learning rates
///     checkpoint.add("rate", rate);            // reduce_on_plateau; others have no state
///     checkpoint.add("random", random);
///     checkpoint.add("batches", batches);      // the order, and the place in it
///     checkpoint.add("epoch", epoch);
///     checkpoint.resume("training.checkpoint");
///     for (; epoch < epochs; ++epoch)
///       for (auto& [x, labels] : batches) {    // after resume: what is left of the epoch
///         ...
///         checkpoint.save("training.checkpoint");
///       }
///
/// It refers to what was added, which must outlive it and stay where it is.
///
/// The file is a safetensors file whose metadata says "format": "xtape checkpoint", "version": "1"
/// and "crc32", that of all numbers. It is put in place whole or not at all (see npy.hpp): whenever
/// the program is killed, the last checkpoint that save came back from can be loaded, or a newer
/// one.
class XTAPE_API checkpoint {
 public:
  checkpoint() = default;
  checkpoint(const checkpoint&) = delete;
  checkpoint& operator=(const checkpoint&) = delete;

  /// A module, or a parameter: everything nn::for_each_state visits, under "NAME.PATH".
  template <class M>
  requires detail::stateful<std::remove_const_t<M>>
  void add(const std::string& name, M& module, location where = location::current()) {
    add_object(name, where, [name, module = &module](std::vector<detail::slot>& slots) {
      detail::list_state(*module, name, true, slots);
    });
  }
  /// An optimizer: all that state() names.
  template <real T>
  void add(const std::string& name, optim::optimizer<T>& optimizer,
           location where = location::current()) {
    add_object(name, where, [name, optimizer = &optimizer](std::vector<detail::slot>& slots) {
      for (const auto& each : optimizer->state())
        slots.push_back(std::visit(
            [&](auto* value) { return slot_of(name + '.' + each.name, *value); }, each.value));
    });
  }
  /// Batches: the place in the epoch under way, and what its order was drawn from. The generator
  /// that the range draws from must be added, too. One saved in the body of a loop over the range
  /// is resumed with the batch after; the loop's body is not entered again where that was the last.
  template <real T, class Target>
  void add(const std::string& name, data::batch_range<T, Target>& batches,
           location where = location::current()) {
    const auto place = std::make_shared<data::batch_place>();
    add_object(
        name, where,
        [name, place, batches = &batches](std::vector<detail::slot>& slots) {
          *place = batches->place();
          const auto samples = static_cast<double>(place->samples);
          const auto most = static_cast<double>(batches->samples_an_epoch());
          slots.push_back({name + ".samples", number(place->samples), std::pair(samples, samples)});
          slots.push_back({name + ".given", number(place->given), std::pair(0.0, most)});
          slots.push_back(
              {name + ".start",
               detail::memory{element::u64, {place->start.size()}, place->start.data()}});
        },
        [place, batches = &batches] { batches->resume(*place); });
  }
  /// A schedule with a memory.
  void add(const std::string& name, schedule::reduce_on_plateau& rate,
           location where = location::current());
  /// A generator.
  void add(const std::string& name, rng& random, location where = location::current());
  /// An array, of the shape that it has when it is saved or loaded.
  template <real T>
  void add(const std::string& name, array<T>& values, location where = location::current()) {
    add_object(name, where, [name, values = &values](std::vector<detail::slot>& slots) {
      slots.push_back({name, detail::memory_of(*values)});
    });
  }
  /// Numbers as many as there are, such as the losses so far.
  template <real T>
  void add(const std::string& name, std::vector<T>& numbers, location where = location::current()) {
    add_object(name, where, [name, numbers = &numbers](std::vector<detail::slot>& slots) {
      slots.push_back({name, numbers});
    });
  }
  /// A number: bool, an integer, float, double. It must be of the same type when it is loaded.
  template <class N>
  requires(std::integral<N> || real<N>) void add(const std::string& name, N& value,
                                                 location where = location::current()) {
    add_object(name, where, [name, value = &value](std::vector<detail::slot>& slots) {
      slots.push_back({name, number(*value)});
    });
  }

  /// Writes everything. When it returns, the file is on the disk.
  /// Throws domain_error where two things have the same name, or one is not UTF-8; io_error where
  /// the file cannot be written; one that was there before is then as it was.
  void save(const std::string& path, location where = location::current()) const;

  /// Reads everything back. Throws io_error for a file that is missing, broken or no checkpoint,
  /// and one that lists every difference where names, types or shapes are not those that were
  /// added, or a number cannot be (a learning rate that is not finite, a place in batches of
  /// another dataset); nothing has changed then.
  void load(const std::string& path, location where = location::current());

  /// Loads the file if there is one; whether there was. Throws as load does.
  bool resume(const std::string& path, location where = location::current());

 private:
  struct object {
    std::string name;
    std::function<void(std::vector<detail::slot>&)> list;
    std::function<void()> loaded;
  };

  template <class N>
  static detail::memory number(N& value) {
    return {detail::element_of<N>, {}, &value};
  }
  template <real T>
  static detail::slot slot_of(std::string name, array<T>& values) {
    return {std::move(name), detail::memory_of(values)};
  }
  static detail::slot slot_of(std::string name, std::uint64_t& count) {
    return {std::move(name), number(count)};
  }
  /// A learning rate.
  static detail::slot slot_of(std::string name, double& rate) {
    return {std::move(name), number(rate), std::pair(0.0, std::numeric_limits<double>::max())};
  }

  /// Throws domain_error for a name that is empty or was added before.
  void add_object(const std::string& name, location where,
                  std::function<void(std::vector<detail::slot>&)> list,
                  std::function<void()> loaded = {});
  std::vector<detail::slot> slots() const;

  std::vector<object> objects_;
};

}  // namespace xtape::io
