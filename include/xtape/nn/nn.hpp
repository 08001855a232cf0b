#pragma once
// The whole room: modules, layers, and what is measured of them.

#include <xtape/nn/accuracy.hpp>
#include <xtape/nn/convolution.hpp>
#include <xtape/nn/dropout.hpp>
#include <xtape/nn/embedding.hpp>
#include <xtape/nn/flatten.hpp>
#include <xtape/nn/linear.hpp>
#include <xtape/nn/mode.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/nn/normalization.hpp>
#include <xtape/nn/recurrent.hpp>
#include <xtape/nn/residual.hpp>
#include <xtape/nn/sequential.hpp>
#include <xtape/nn/summary.hpp>
