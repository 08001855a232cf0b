// exchange FROM TO: reads arrays from a file of any format, and writes them to one of any: double,
// or float where the fourth argument says so. For tests/io/exchange.py, which holds them against
// what Python reads and writes.
#include <xtape/io/npy.hpp>
#include <xtape/io/safetensors.hpp>

#include <cstdio>
#include <string>
#include <string_view>

namespace io = xtape::io;

template <xtape::real T>
static void exchange(const std::string& from, const std::string& to) {
  const auto ends = [](const std::string& name, std::string_view with) {
    return name.ends_with(with);
  };
  const auto arrays = ends(from, ".npy")   ? io::named_arrays<T>{{"a", io::read_npy<T>(from)}}
                      : ends(from, ".npz") ? io::read_npz<T>(from)
                                           : io::read_safetensors<T>(from);
  if (ends(to, ".npy"))
    io::write_npy(to, arrays.at("a"));
  else if (ends(to, ".npz"))
    io::write_npz(to, arrays, {.compress = ends(to, "deflated.npz")});
  else
    io::write_safetensors(to, arrays, {{"format", "np"}});
}

int main(int argc, char** argv) {
  try {
    if (argc == 4 && std::string_view(argv[3]) == "float")
      exchange<float>(argv[1], argv[2]);
    else
      exchange<double>(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "exchange: %s\n", e.what());
    return 1;
  }
}
