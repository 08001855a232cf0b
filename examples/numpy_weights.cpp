// Takes a network's weights from NumPy, and gives them back to Python: numpy_weights [FROM.npz
// [TO.safetensors]].
//
// In Python, with the weight matrices as (inputs, outputs):
//
//     np.savez("weights.npz", **{"0.weight": w0, "0.bias": b0, "2.weight": w2, "2.bias": b2})
//     ...
//     safetensors.numpy.load_file("weights.safetensors")["0.weight"]
#include <xtape/xtape.hpp>

#include <cstdint>
#include <cstdio>
#include <string>

namespace xp = xtape;

/// Where nobody has weights at hand: a network of 2, 2 and 2 units whose results are a != b and a
/// && b.
static void write_weights(const std::string& path) {
  using array = xp::array<double>;
  xp::io::named_arrays<double> arrays;
  arrays["0.weight"] = array{{1, 1}, {1, 1}};
  arrays["0.bias"] = array{0, -1};
  arrays["2.weight"] = array{{1, 0}, {-2, 1}};
  arrays["2.bias"] = array{0, 0};
  xp::io::write_npz(path, arrays);
}

static int run(const std::string& from, const std::string& to) {
  const auto arrays = xp::io::read_npz<float>(from, {.round = true});
  const auto size = [&](const char* name) {
    return static_cast<std::int64_t>(arrays.at(name).size());
  };
  xp::rng random(1);
  const xp::nn::sequential<float> model{
      xp::nn::linear<float>(2, size("0.bias"), xp::init::he_normal(), random), xp::relu,
      xp::nn::linear<float>(size("0.bias"), size("2.bias"), xp::init::he_normal(), random)};

  // By name and shape; numbers that are no float, as doubles are, become the nearest one.
  xp::io::load(model, from, {.round = true});
  for (const float a : {0.0f, 1.0f})
    for (const float b : {0.0f, 1.0f}) {
      const auto y = model(xp::array<float>{{a, b}});
      std::printf("%g %g:", a, b);
      for (const float result : y.value()) std::printf(" %g", result);
      std::printf("\n");
    }

  for (const auto& p : model.parameters()) p.mutable_value() *= 2.0f;  // train here
  xp::io::save(model, to);
  for (const auto& [name, values] : xp::io::read_safetensors<float>(to))
    std::printf("%s %s\n", name.c_str(), xp::to_string(values.shape()).c_str());
  return 0;
}

int main(int argc, char** argv) {
  const std::string from = argc > 1 ? argv[1] : "numpy_weights.npz";
  const std::string to = argc > 2 ? argv[2] : "numpy_weights.safetensors";
  try {
    if (argc < 2) write_weights(from);
    return run(from, to);
  } catch (const xp::error& e) {
    std::fprintf(stderr, "numpy_weights: %s\n", e.what());
    return 1;
  }
}
