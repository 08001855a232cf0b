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
#include <utility>
#include <vector>

namespace xtape::data {

/// Some samples of a dataset. x: (b, features), a constant that operations take as it is, without a copy; labels: b of them.
template <real T, class Target = int>
struct XTAPE_API batch {
  variable<T> x;
  std::vector<int> labels = {};
};

/// The same where numbers are to be predicted: y, as x, has b rows of the dataset's.
template <real T>
struct XTAPE_API batch<T, T> {
  variable<T> x;
  variable<T> y{array<T>()};
};

/// How a dataset is cut into batches.
struct batch_options {
  bool drop_last = false;  ///< leave out the last batch where it is smaller than the others
};

/// How far a range has come in an epoch: what it needs to go on with the next batch, in the same order.
struct batch_place {
  std::uint64_t samples = 0;  ///< of the dataset
  std::uint64_t given = 0;    ///< of them handed out in the epoch under way; 0 between epochs
  rng::state_type start{};    ///< of the generator when it drew the epoch's order; 0 without one
};

/// What batches() returns: a range over a dataset that visits every sample once, batch by batch.
///
/// Its batch is one object. A step further, its labels are others, and so is its x: a handle copied from it keeps the old
/// one, else its memory is filled again. Every begin() starts an epoch with a new order, so the range may be kept and
/// iterated once an epoch; nothing is then asked of the system allocator after the first. An epoch ends with
/// its iterator, also where a loop is left early. The dataset and the generator must outlive it.
template <real T, class Target = int>
class batch_range {
 public:
  class iterator {
   public:
    using value_type = batch<T, Target>;
    using reference = value_type&;
    using pointer = value_type*;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    iterator(iterator&& other) noexcept
        : range_(std::exchange(other.range_, nullptr)), epoch_(other.epoch_) {}
    iterator& operator=(iterator&& other) noexcept {
      std::swap(range_, other.range_);
      std::swap(epoch_, other.epoch_);
      return *this;
    }
    ~iterator() {
      if (range_ != nullptr && range_->epoch_ == epoch_) range_->leave();
    }

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
    explicit iterator(batch_range* range) noexcept : range_(range), epoch_(range->epoch_) {}
    batch_range* range_;
    std::uint64_t epoch_;
    friend batch_range;
  };

  batch_range(const dataset<T, Target>& samples, std::int64_t batch_size, rng* random,
              const batch_options& options, location where);

  /// Starts an epoch: draws a new order and gathers its first batch. After resume() it goes on with the epoch
  /// that was under way, with what is left of it; nothing is drawn then.
  iterator begin();
  std::default_sentinel_t end() const noexcept { return {}; }
  /// The number of batches in an epoch.
  std::size_t size() const noexcept;

  /// Where it stands: within the body of a loop, after the batch at hand.
  batch_place place() const noexcept { return {total_, place_, start_}; }
  /// The next begin() goes on from that place, which a range over as many samples once had. The generator is left
  /// alone; where its state is restored too, all later epochs are what they would have been.
  /// Throws domain_error for another number of samples, or more handed out than an epoch has; nothing has changed then.
  void resume(const batch_place& place, location where = location::current());
  /// The samples that an epoch visits: fewer than the dataset's where the last batch is dropped.
  std::size_t samples_an_epoch() const noexcept { return used_; }

 private:
  void next();
  void leave() noexcept {
    under_way_ = false;
    place_ = 0;
  }

  const dataset<T, Target>* samples_;
  std::size_t batch_size_;
  rng* random_;  // null: the samples in their own order
  location where_;
  std::size_t total_;      // samples of the dataset
  std::size_t used_;       // those visited in an epoch: fewer where the last batch is dropped
  std::size_t place_ = 0;  // the first sample of the next batch, in the order; 0 between epochs
  bool done_ = true;
  bool under_way_ = false;  // there is an iterator: of this epoch
  std::uint64_t epoch_ = 0;
  rng::state_type start_{};  // of the generator, ahead of the order
  std::vector<std::size_t, pool_allocator<std::size_t>> order_;
  variable<T> x_{array<T>()},
      y_{array<T>()};  // the batch's, filled again where nobody else holds them
  batch<T, Target> batch_{x_};
};

/// The samples in batches of that size, each epoch in a new random order:
///
///     for (auto& [x, labels] : xp::data::batches(train, 128, random)) ...
///
/// (`[x, y]` of a dataset<T, T>). The last batch is smaller where the size does not divide the number of samples. An epoch takes
/// about one draw a sample of the generator, at its begin.
/// Throws domain_error for a batch size below 1 or a dataset that is empty (or has fewer samples
/// than one batch, where the last is dropped), shape_error where x and labels or y differ in number, and
/// while iterating where the dataset has another number of samples than it had.
template <real T, class Target>
batch_range<T, Target> batches(const dataset<T, Target>& samples, std::int64_t batch_size,
                               rng& random, const batch_options& options = {},
                               location where = location::current()) {
  return batch_range<T, Target>(samples, batch_size, &random, options, where);
}

/// The samples in batches of that size, in their own order: for measuring.
template <real T, class Target>
batch_range<T, Target> batches(const dataset<T, Target>& samples, std::int64_t batch_size,
                               const batch_options& options = {},
                               location where = location::current()) {
  return batch_range<T, Target>(samples, batch_size, nullptr, options, where);
}

/// A range refers to its dataset, which must therefore have a name.
template <real T, class Target>
batch_range<T, Target> batches(dataset<T, Target>&&, std::int64_t, rng&,
                               const batch_options& = {}) = delete;
template <real T, class Target>
batch_range<T, Target> batches(dataset<T, Target>&&, std::int64_t,
                               const batch_options& = {}) = delete;

}  // namespace xtape::data
