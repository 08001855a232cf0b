#pragma once
// Every optimizer.

#include <xtape/optim/adagrad.hpp>
#include <xtape/optim/adam.hpp>
#include <xtape/optim/clip.hpp>
#include <xtape/optim/lbfgs.hpp>
#include <xtape/optim/rmsprop.hpp>
#include <xtape/optim/sgd.hpp>
