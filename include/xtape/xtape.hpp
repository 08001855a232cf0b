#pragma once
// Everything a training program needs.

#include <xtape/array/array.hpp>
#include <xtape/array/machine.hpp>
#include <xtape/calculus/grad.hpp>
#include <xtape/data/data.hpp>
#include <xtape/fit/fit.hpp>
#include <xtape/init/init.hpp>
#include <xtape/inspect/tape.hpp>
#include <xtape/io/io.hpp>
#include <xtape/nn/nn.hpp>
#include <xtape/ops/ops.hpp>
#include <xtape/optim/optim.hpp>
#include <xtape/schedule/schedule.hpp>
#include <xtape/tape/tape.hpp>
