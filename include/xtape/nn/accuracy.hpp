#pragma once

#include <xtape/ops/operand.hpp>

#include <vector>

namespace xtape::nn {

/// The share of samples whose greatest score is that of their label, in [0, 1].
/// scores: (n, c), logits or probabilities; labels: n numbers in 0..c-1. Of equal scores the first
/// counts as the greatest; a row with a NaN is counted as wrong.
/// Throws shape_error for other ranks or a wrong number of labels, domain_error for no samples or a
/// label out of range.
XTAPE_API double accuracy(const operand<float>& scores, const std::vector<int>& labels);
XTAPE_API double accuracy(const operand<double>& scores, const std::vector<int>& labels);

}  // namespace xtape::nn
