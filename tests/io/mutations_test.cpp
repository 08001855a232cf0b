// Every file of tests/fuzz/corpus, broken in many ways: it is read, or refused with an io_error.
#include <xtape/array/rng.hpp>

#include "catch.hpp"
#include "files.hpp"
#include "fuzz/target.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using xtape::rng;

namespace {

constexpr int mutations = 2000;

std::size_t place(rng& random, std::size_t size) {
  return static_cast<std::size_t>(random.below(size));
}

/// One change of another kind each time. Numbers that are extreme and of several widths hit sizes
/// and offsets.
void mutate(bytes& file, rng& random) {
  static const std::vector<std::uint64_t> extremes{0,
                                                   1,
                                                   0x7F,
                                                   0xFF,
                                                   0xFFFF,
                                                   0x7FFFFFFF,
                                                   0xFFFFFFFF,
                                                   0x100000000,
                                                   0x7FFFFFFFFFFFFFFF,
                                                   ~std::uint64_t{0}};
  static const std::string signs = "0123456789{}[](),:'\"\\<>|-.eE \n";
  const std::size_t at = file.empty() ? 0 : place(random, file.size());
  const auto here = file.begin() + static_cast<std::ptrdiff_t>(at);
  const std::size_t length =
      file.empty() ? 0 : 1 + place(random, std::min<std::size_t>(file.size() - at, 32));
  switch (file.empty() ? 1 : random.below(9)) {
    case 0:
      file[at] = static_cast<std::uint8_t>(file[at] ^ (1u << random.below(8)));
      break;
    case 1:
      file.insert(here, static_cast<std::uint8_t>(random.below(256)));
      break;
    case 2:
      file.erase(here, here + static_cast<std::ptrdiff_t>(length));
      break;
    case 3:
      file.resize(at);
      break;
    case 4: {  // a piece comes twice
      const bytes piece(here, here + static_cast<std::ptrdiff_t>(length));
      file.insert(here, piece.begin(), piece.end());
      break;
    }
    case 5: {
      const std::uint64_t value = extremes[place(random, extremes.size())];
      const std::size_t width = std::size_t{1} << random.below(4);
      for (std::size_t i = 0; i < width && at + i < file.size(); ++i)
        file[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
      break;
    }
    case 6:
      file[at] = static_cast<std::uint8_t>(signs[place(random, signs.size())]);
      break;
    case 7: {  // digits where digits are
      const auto digit =
          std::find_if(here, file.end(), [](auto c) { return c >= '0' && c <= '9'; });
      if (digit != file.end())
        file.insert(digit, 1 + place(random, 20),
                    static_cast<std::uint8_t>('0' + random.below(10)));
      break;
    }
    default:
      std::swap(file[at], file[place(random, file.size())]);
  }
}

}  // namespace

TEST_CASE("broken files are refused, and none is believed", "[io][mutations]") {
  const fs::path corpus = fs::path(XTAPE_SOURCE_ROOT) / "tests" / "fuzz" / "corpus";
  REQUIRE(fuzz::target::all().size() >= 5);
  for (const fuzz::target& target : fuzz::target::all()) {
    std::vector<fs::path> seeds;
    for (const auto& entry : fs::directory_iterator(corpus / target.name))
      seeds.push_back(entry.path());
    std::sort(seeds.begin(), seeds.end());
    REQUIRE(!seeds.empty());
    std::uint64_t stream = 0;
    std::size_t read = 0;
    for (const fs::path& seed : seeds) {
      const bytes good = read_all(seed);
      INFO(seed.string());
      for (int i = 0; i < mutations; ++i) {
        rng random = rng(20261122).split(++stream);
        bytes file = good;
        for (auto changes = 1 + random.below(3); changes > 0; --changes) mutate(file, random);
        read += fuzz::is_read(target, file.data(), file.size());
      }
    }
    // Some changes do no harm, most do.
    INFO(target.name << ": " << read << " of " << seeds.size() * mutations << " were read");
    CHECK(read > 0);
    CHECK(read < seeds.size() * mutations);
  }
#ifndef ADDRESS_SANITIZER
  // All seeds are smaller than 8 KB, and what they declare may be deflated.
  CHECK(peak_memory() < 300'000);
#endif
}
