// The 8-3-8 encoder: eight patterns, each a single 1, have to pass through three units, and find a
// code of three bits.
// Source: Rumelhart, Hinton, Williams, "Learning internal representations by error propagation"
// (1986).
#include <xtape/xtape.hpp>

#include <cstdio>
#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace xp = xtape;

int main() {
  std::vector<int> which(8);
  std::iota(which.begin(), which.end(), 0);
  const auto x = xp::data::one_hot<float>(which, 8);

  xp::rng random(4);
  const xp::nn::sequential<float> encoder{
      xp::nn::linear<float>(8, 3, xp::init::glorot_uniform(), random), xp::sigmoid};
  const xp::nn::sequential<float> decoder{
      xp::nn::linear<float>(3, 8, xp::init::glorot_uniform(), random)};
  xp::optim::adam<float> optimizer(encoder.parameters(), {.learning_rate = 0.05});
  optimizer.add_group(decoder.parameters(), {.learning_rate = 0.05});
  for (int step = 0; step <= 1000; ++step) {
    const xp::tape tape;
    const auto code = encoder(x);
    const auto loss = xp::softmax_cross_entropy(decoder(code), which) +
                      0.05 * xp::mean(code * (1 - code));  // codes of zeros and ones
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (step % 200 == 0) std::printf("step %4d  loss %.4f\n", step, loss.item());
  }

  const auto code = encoder(x);
  const auto found = xp::argmax(decoder(code), 1);
  std::set<std::string> codes;
  int right = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    std::string bits;
    for (std::size_t j = 0; j < 3; ++j) bits += code.value()(i, j) > 0.5f ? '1' : '0';
    std::printf("%zu -> %.2f %.2f %.2f -> %d\n", i, code.value()(i, 0), code.value()(i, 1),
                code.value()(i, 2), found[i]);
    right += found[i] == which[i] ? 1 : 0;
    codes.insert(bits);
  }
  std::printf("%d of 8 patterns come out again, %zu codes\n", right, codes.size());
  return right == 8 && codes.size() == 8 ? 0 : 1;
}
