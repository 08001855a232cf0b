#pragma once

#include <xtape/array/array.hpp>
#include <xtape/array/rng.hpp>

#include <utility>

namespace xtape {

/// A piece of state that is no parameter: what is learned or counted beside gradients. A value: a
/// copy is independent. Who holds it as const may change it all the same, as a layer's call does
/// while the layer trains (see nn/mode.hpp), or a reader of checkpoints. What lists its members
/// (see nn/module.hpp) lists these among them, and whoever copies, saves or restores a model finds
/// them by name.
template <class V>
class changing {
 public:
  explicit changing(V value) : value_(std::move(value)) {}
  const V& value() const { return value_; }
  V& mutable_value() const { return value_; }

 private:
  mutable V value_;
};

/// An array that gradients do not change, such as a running mean, or the mean that a standardizer
/// subtracts.
template <real T>
using buffer = changing<array<T>>;

/// A layer's own source of random numbers.
using generator = changing<rng>;

}  // namespace xtape
