#pragma once

#include <xtape/array/array.hpp>
#include <xtape/array/error.hpp>
#include <xtape/array/pool.hpp>
#include <xtape/array/rng.hpp>
#include <xtape/data/dataset.hpp>
#include <xtape/tape/variable.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

namespace xtape::data {

/// Some samples of a dataset. x: (b, features), a constant that operations take as it is, without a copy; labels: b of them.
template <real T>
struct batch {
  variable<T> x;
  std::vector<int> labels;
};

/// How a dataset is cut into batches.
struct batch_options {
  bool drop_last = false;  ///< leave out the last batch where it is smaller than the others
};

/// What batches() returns: a range over a dataset that visits every sample once, batch by batch.
///
/// Its batch is one object. A step further, its labels are others, and so is its x: a handle copied from it keeps the old
/// one, else its memory is filled again. Every begin() starts an epoch with a new order, so the range may be kept and
/// iterated once an epoch; nothing is then asked of the system allocator after the first. The
/// dataset and the generator must outlive it.
template <real T>
class batch_range {
 public:
  class iterator {
   public:
    using value_type = batch<T>;
    using reference = batch<T>&;
    using pointer = batch<T>*;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    reference operator*() const noexcept { return range_->batch_; }
    pointer operator->() const noexcept { return &range_->batch_; }
    iterator& operator++() {
      range_->next();
      return *this;
    }
    void operator++(int) { range_->next(); }
    friend bool operator==(const iterator& it, std::default_sentinel_t) noexcept {
      return it.done();
    }

   private:
    bool done() const noexcept { return range_->done_; }
    explicit iterator(batch_range* range) noexcept : range_(range) {}
    batch_range* range_;
    friend batch_range;
  };

  batch_range(const dataset<T>& samples, std::int64_t batch_size, rng* random,
              const batch_options& options, location where);

  /// Starts an epoch: draws a new order and gathers its first batch.
  iterator begin();
  std::default_sentinel_t end() const noexcept { return {}; }
  /// The number of batches in an epoch.
  std::size_t size() const noexcept;

 private:
  void next();

  const dataset<T>* samples_;
  std::size_t batch_size_;
  rng* random_;  // null: the samples in their own order
  location where_;
  std::size_t total_;      // samples of the dataset
  std::size_t used_;       // those visited in an epoch: fewer where the last batch is dropped
  std::size_t place_ = 0;  // the first sample of the next batch, in the order
  bool done_ = true;
  std::vector<std::size_t, pool_allocator<std::size_t>> order_;
  variable<T> x_{array<T>()};  // of the batch, filled again where nobody else holds it
  batch<T> batch_{x_, {}};
};

/// The samples in batches of that size, each epoch in a new random order:
///
///     for (auto& [x, labels] : xp::data::batches(train, 128, random)) ...
///
/// The last batch is smaller where the size does not divide the number of samples. An epoch takes
/// about one draw a sample of the generator, at its begin.
/// Throws domain_error for a batch size below 1 or a dataset that is empty (or has fewer samples
/// than one batch, where the last is dropped), shape_error where x and labels differ in number, and
/// while iterating where the dataset has another number of samples than it had.
template <real T>
batch_range<T> batches(const dataset<T>& samples, std::int64_t batch_size, rng& random,
                       const batch_options& options = {}, location where = location::current()) {
  return batch_range<T>(samples, batch_size, &random, options, where);
}

/// The samples in batches of that size, in their own order: for measuring.
template <real T>
batch_range<T> batches(const dataset<T>& samples, std::int64_t batch_size,
                       const batch_options& options = {}, location where = location::current()) {
  return batch_range<T>(samples, batch_size, nullptr, options, where);
}

/// A range refers to its dataset, which must therefore have a name.
template <real T>
batch_range<T> batches(dataset<T>&&, std::int64_t, rng&, const batch_options& = {}) = delete;
template <real T>
batch_range<T> batches(dataset<T>&&, std::int64_t, const batch_options& = {}) = delete;

}  // namespace xtape::data
