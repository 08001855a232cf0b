#pragma once
// The whole room: what a person looks at.

#include <xtape/inspect/flow.hpp>
#include <xtape/inspect/graph.hpp>
#include <xtape/inspect/ledger.hpp>
#include <xtape/inspect/propagation.hpp>
#include <xtape/inspect/statistics.hpp>
#include <xtape/inspect/tape.hpp>
