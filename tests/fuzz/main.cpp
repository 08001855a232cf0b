// The entry of every fuzzer: the target that it is linked with.
#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::is_read(fuzz::target::all().at(0), bytes, size);
  return 0;
}
