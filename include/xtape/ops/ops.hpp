#pragma once
// Every operation.

#include <xtape/ops/activation.hpp>
#include <xtape/ops/arithmetic.hpp>
#include <xtape/ops/convolution.hpp>
#include <xtape/ops/custom.hpp>
#include <xtape/ops/elementary.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/loss.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/shape.hpp>
