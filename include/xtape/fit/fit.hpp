#pragma once
// The whole room: a training loop, its progress bar and its log.

#include <xtape/fit/history.hpp>
#include <xtape/fit/log.hpp>
#include <xtape/fit/progress.hpp>
#include <xtape/fit/train.hpp>
