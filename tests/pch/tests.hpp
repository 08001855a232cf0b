// Compiled once a test program: the two headers that take the longest.

#include "../catch.hpp"

#include <xtape/array/array.hpp>
