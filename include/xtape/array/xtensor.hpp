#pragma once
// The one door to xtensor: its headers moved into folders in 0.26, so no other file includes them.

#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xarray.hpp>
#else
#include <xtensor/xarray.hpp>
#endif
