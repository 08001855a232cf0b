#pragma once
// The whole room: modules, layers, and what is measured of them.

#include <xtape/nn/accuracy.hpp>
#include <xtape/nn/linear.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/nn/sequential.hpp>
