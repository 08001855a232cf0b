#pragma once
// Everything a training program needs.

#include <xtape/array/array.hpp>
#include <xtape/ops/ops.hpp>
#include <xtape/tape/tape.hpp>
