#pragma once
// Every optimizer.

#include <xtape/optim/sgd.hpp>
