// The headers that take the longest, for src/meson.build.

#include <xtape/array/array.hpp>

#include "kernel/lane.hpp"
