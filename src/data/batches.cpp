#include <xtape/data/batches.hpp>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "data/samples.hpp"
#include "kernel/parallel.hpp"

namespace xtape::data {
namespace {

/// Memory for `count` rows of an array, as a variable that is handed out: the one `held`, where nobody else holds it.
template <real T>
T* fresh(const array<T>& rows, std::size_t count, variable<T>& held, variable<T>& given) {
  shape_type shape = rows.shape();
  shape[0] = count;
  { const variable<T> let_go = std::move(given); }
  if (held.shape() != shape || held.node().shared())
    held = variable<T>::adopt(new xtape::detail::node<T>(shape));
  given = held;
  return held.node().data();
}

}  // namespace

template <real T, class Target>
batch_range<T, Target>::batch_range(const dataset<T, Target>& samples, std::int64_t batch_size,
                                    rng* random, const batch_options& options, location where)
    : samples_(&samples),
      batch_size_(static_cast<std::size_t>(batch_size)),
      random_(random),
      where_(where),
      total_(samples.size()),
      used_(total_) {
  if (batch_size < 1)
    throw domain_error(
        "batches: batch size " + std::to_string(batch_size) + ": at least 1 is needed", where);
  check_rows("batches", samples, where);
  if (used_ == 0) throw domain_error("batches: the dataset is empty", where);
  if (options.drop_last) used_ -= used_ % batch_size_;
  if (used_ == 0)
    throw domain_error("batches: batch size " + std::to_string(batch_size) + ", " +
                           std::to_string(total_) +
                           " samples: no batch is left when the last one is dropped",
                       where);
}

template <real T, class Target>
std::size_t batch_range<T, Target>::size() const noexcept {
  return (used_ + batch_size_ - 1) / batch_size_;
}

template <real T, class Target>
typename batch_range<T, Target>::iterator batch_range<T, Target>::begin() {
  const bool resumes = place_ > 0 && !under_way_;
  if (random_ != nullptr) {
    order_.resize(total_);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    if (resumes) {
      rng then(0);
      then.set_state(start_);
      then.shuffle(order_);
    } else {
      start_ = random_->state();
      random_->shuffle(order_);
    }
  }
  if (!resumes) place_ = 0;
  ++epoch_;
  under_way_ = false;
  next();
  under_way_ = true;
  return iterator(this);
}

template <real T, class Target>
void batch_range<T, Target>::resume(const batch_place& place, location where) {
  if (place.samples != total_)
    throw domain_error("batches: the place is one among " + std::to_string(place.samples) +
                           " samples: this range has " + std::to_string(total_),
                       where);
  if (place.given > used_)
    throw domain_error("batches: the place is after " + std::to_string(place.given) +
                           " samples: an epoch of this range has " + std::to_string(used_),
                       where);
  ++epoch_;  // an iterator that is still there has no say any more
  under_way_ = false;
  done_ = true;
  place_ = static_cast<std::size_t>(place.given);
  start_ = place.start;
}

template <real T, class Target>
void batch_range<T, Target>::next() {
  const std::size_t count = std::min(batch_size_, used_ - place_);
  done_ = count == 0;
  if (done_) {
    place_ = 0;
    return;
  }
  check_rows("batches", *samples_, where_);
  if (samples_->size() != total_)
    throw shape_error("batches: the dataset has changed from " + std::to_string(total_) + " to " +
                          std::to_string(samples_->size()) + " samples",
                      where_);

  constexpr bool labelled = std::is_same_v<Target, int>;
  const std::size_t row = row_size(samples_->x);
  const T* const source = samples_->x.data();
  T* const target = fresh(samples_->x, count, x_, batch_.x);
  std::size_t y_row = 1;
  if constexpr (labelled) {
    batch_.labels.reserve(std::min(batch_size_, used_));
    batch_.labels.resize(count);
  } else {
    y_row = row_size(samples_->y);
    fresh(samples_->y, count, y_, batch_.y);
  }
  kernel::parallel_for(count, count * (row + y_row), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t sample = random_ == nullptr ? place_ + i : order_[place_ + i];
      std::copy_n(source + sample * row, row, target + i * row);
      if constexpr (labelled)
        batch_.labels[i] = samples_->labels[sample];
      else
        std::copy_n(samples_->y.data() + sample * y_row, y_row, y_.node().data() + i * y_row);
    }
  });
  place_ += count;
}

template class XTAPE_API batch_range<float>;
template class XTAPE_API batch_range<double>;
template class XTAPE_API batch_range<float, float>;
template class XTAPE_API batch_range<double, double>;

}  // namespace xtape::data
