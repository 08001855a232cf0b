#pragma once
// The whole room: datasets, loaders, generators, splitting, scaling, batches, also made ahead.

#include <xtape/data/batches.hpp>
#include <xtape/data/classification.hpp>
#include <xtape/data/csv.hpp>
#include <xtape/data/dataset.hpp>
#include <xtape/data/generators.hpp>
#include <xtape/data/idx.hpp>
#include <xtape/data/prefetch.hpp>
#include <xtape/data/scaling.hpp>
#include <xtape/data/split.hpp>
