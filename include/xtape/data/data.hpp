#pragma once
// The whole room: datasets, loaders, a generator, scaling, batches.

#include <xtape/data/batches.hpp>
#include <xtape/data/classification.hpp>
#include <xtape/data/csv.hpp>
#include <xtape/data/dataset.hpp>
#include <xtape/data/generators.hpp>
#include <xtape/data/idx.hpp>
#include <xtape/data/scaling.hpp>
#include <xtape/data/split.hpp>
