#pragma once

#include <xtape/array/error.hpp>
#include <xtape/data/batches.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace xtape::detail {

/// The second thread of a prefetch_range, and the batches that wait between the two.
template <class Batch>
class XTAPE_API prefetcher {
 public:
  /// depth: how many batches may wait.
  explicit prefetcher(std::size_t depth);
  ~prefetcher();

  /// Starts the thread. `advance` makes a batch, null at the end; it is called on that thread,
  /// until it returns null or throws, or stop() is called. What it returns is copied.
  void start(std::function<const Batch*()> advance);
  /// Ends the thread, after the batch that it is making.
  void stop() noexcept;
  /// The next batch, valid until the next call; null at the end. Throws what `advance` threw in its
  /// place.
  Batch* next();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

extern template class prefetcher<data::batch<float>>;
extern template class prefetcher<data::batch<double>>;
extern template class prefetcher<data::batch<float, float>>;
extern template class prefetcher<data::batch<double, double>>;

}  // namespace xtape::detail

namespace xtape::data {

/// What prefetch() makes beside its batch range.
struct prefetch_options {
  std::int64_t depth = 2;  ///< how many batches may be made ahead: at least 1
};

/// What prefetch() returns: the batches of another range, made ahead on a second thread while the
/// program computes with the ones before.
///
/// The batches are bitwise those of the range, in its order. It is used on the second thread alone;
/// begin() waits for its begin(), so a generator that the order is drawn from there is the
/// program's own again during the epoch. What the range throws is thrown where the program asks for
/// that batch. A loop may be left at any time: the thread ends with the prefetch_range, or at its
/// next begin(). While a loop runs, the program must not change what the range reads, such as its
/// dataset.
///
/// Its batch is one object, as that of a batch_range: a step further it is another one, and a
/// handle copied from x keeps the old numbers. The second thread computes on itself alone, without
/// a tape.
template <class Range>
class prefetch_range : xtape::detail::pinned {
 public:
  using value_type = std::remove_cvref_t<decltype(*std::declval<Range&>().begin())>;
  using element = typename decltype(value_type::x)::value_type;
  static_assert((std::is_same_v<value_type, batch<element>> ||
                 std::is_same_v<value_type, batch<element, element>>)&&std::
                    is_lvalue_reference_v<decltype(*std::declval<Range&>().begin())>,
                "the elements of the range are batches that it keeps until its next step");

  class iterator {
   public:
    using value_type = prefetch_range::value_type;
    using reference = value_type&;
    using pointer = value_type*;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    reference operator*() const noexcept { return *range_->current_; }
    pointer operator->() const noexcept { return range_->current_; }
    iterator& operator++() {
      range_->current_ = nullptr;  // stays, where next() throws
      range_->current_ = range_->ahead_.next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& it, std::default_sentinel_t) noexcept {
      return it.done();
    }

   private:
    bool done() const noexcept { return range_->current_ == nullptr; }
    explicit iterator(prefetch_range* range) noexcept : range_(range) {}
    prefetch_range* range_;
    friend prefetch_range;
  };

  prefetch_range(Range range, const prefetch_options& options, location where)
      : range_(std::move(range)), ahead_(checked(options, where)) {}

  /// Starts an epoch, and its thread. Throws what the range's begin() does, and std::system_error
  /// where no thread can be had.
  iterator begin() {
    current_ = nullptr;
    // Shared, as an iterator of batches cannot be copied, and what a std::function holds must be.
    const auto at = std::make_shared<std::optional<decltype(range_.begin())>>();
    ahead_.start([this, at] {
      if (*at)
        ++**at;
      else
        at->emplace(range_.begin());
      return **at == range_.end() ? nullptr : static_cast<const value_type*>(&***at);
    });
    current_ = ahead_.next();
    return iterator(this);
  }
  std::default_sentinel_t end() const noexcept { return {}; }
  /// The number of batches in an epoch, where the range tells.
  std::size_t size() const noexcept requires requires(const Range& r) { r.size(); }
  { return range_.size(); }

 private:
  static std::size_t checked(const prefetch_options& options, location where) {
    if (options.depth < 1)
      throw domain_error(
          "prefetch: depth = " + std::to_string(options.depth) + ": at least 1 is needed", where);
    return static_cast<std::size_t>(options.depth);
  }

  Range range_;
  value_type* current_ = nullptr;
  xtape::detail::prefetcher<value_type> ahead_;  // the last member: its thread uses range_
};

/// The batches of a range, made ahead on a second thread:
///
///     for (auto& [x, labels] : xp::data::prefetch(xp::data::batches(train, 128, random))) ...
///
/// range: one of batches(), or any whose elements are batches that stay where they are until the
/// next step, such as one of a program's own that turns and shifts images as it goes. It is a copy
/// of the range that goes ahead: a checkpoint of the range itself does not see it. A copy of the
/// numbers is the price, and it pays where making a batch takes long and a processor is idle:
/// docs/performance.md has the figures. Throws domain_error for a depth below 1.
template <class Range>
prefetch_range<std::remove_cvref_t<Range>> prefetch(Range&& range,
                                                    const prefetch_options& options = {},
                                                    location where = location::current()) {
  return prefetch_range<std::remove_cvref_t<Range>>(std::forward<Range>(range), options, where);
}

}  // namespace xtape::data
