#pragma once
// Every optimizer.

#include <xtape/optim/adam.hpp>
#include <xtape/optim/sgd.hpp>
