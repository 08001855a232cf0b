#pragma once
// What is visible outside the shared library: everything else is hidden (-fvisibility=hidden), so that
// code compiled with the library's own CPU flags never replaces the same template in a user's program.

#define XTAPE_API __attribute__((visibility("default")))

namespace xtape::detail {

/// Base of what stays where it was made.
struct pinned {
  pinned() = default;
  pinned(const pinned&) = delete;
  pinned& operator=(const pinned&) = delete;
};

}  // namespace xtape::detail
