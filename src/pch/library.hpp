// Compiled once for the library: the headers that take the longest. No source counts on it: `.ci/run` also builds without.

#include <xtape/array/array.hpp>

#include "kernel/lane.hpp"
