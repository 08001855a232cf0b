#pragma once
// The whole room: arrays, models and checkpoints in files.

#include <xtape/io/checkpoint.hpp>
#include <xtape/io/model.hpp>
#include <xtape/io/npy.hpp>
#include <xtape/io/safetensors.hpp>
