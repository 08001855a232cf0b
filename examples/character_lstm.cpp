// Learns to write like a licence, letter by letter:
//   character_lstm [lstm|gru|rnn] [full|quick] [FILE]
// The text is cut into 32 strips that are read side by side, 50 letters a step. Gradients go back
// as far as that; the state is carried on.
#include <xtape/xtape.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace xp = xtape;

static xp::variable<float> cut(const xp::variable<float>& h) { return h.detach(); }
static xp::nn::lstm_state<float> cut(const xp::nn::lstm_state<float>& s) { return s.detach(); }

template <class Layer>
struct writer {
  xp::nn::embedding<float> letters;
  Layer layer;
  xp::nn::linear<float> output;

  /// x: n strips of t letters. Sets the state anew; returns the scores of the letters to come, (n
  /// t, letters).
  auto operator()(const xp::array<float>& x, typename Layer::state& state) const {
    const auto result = layer(letters(x), cut(state));
    state = result.last;
    return output(xp::flatten(result.output, 0, 1));
  }
  void members(const auto& visit) const {
    visit("letters", letters), visit("layer", layer), visit("output", output);
  }
};

template <class Layer>
static int learn(const std::string& text, bool quick) {
  std::string letters = text;  // each that occurs, once
  std::sort(letters.begin(), letters.end());
  letters.erase(std::unique(letters.begin(), letters.end()), letters.end());
  const auto number = [&](char c) { return static_cast<int>(letters.find(c)); };

  xp::rng random(1);
  const auto n = static_cast<std::int64_t>(letters.size()), width = std::int64_t{quick ? 64 : 128};
  const writer<Layer> model{
      xp::nn::embedding<float>(n, 32, xp::init::normal(0, 1), random),
      Layer(32, width, xp::init::glorot_uniform(), xp::init::orthogonal(), random),
      xp::nn::linear<float>(width, n, xp::init::glorot_uniform(), random)};
  xp::optim::adam<float> optimizer(xp::nn::parameters<float>(model), {.learning_rate = 0.005});
  xp::optim::clip_by_norm clip(1);

  const std::size_t strips = 32, steps = 50, strip = text.size() / strips;
  double mean_loss = 0;
  for (int pass = 1; pass <= (quick ? 4 : 20); ++pass) {
    auto state = model.layer.zero_state(strips);
    double total = 0, count = 0;
    for (std::size_t at = 0; at + steps < strip; at += steps, ++count) {
      auto x = xp::empty<float>({strips, steps});
      std::vector<int> next;
      for (std::size_t i = 0; i < strips * steps; ++i) {
        const std::size_t place = i / steps * strip + at + i % steps;
        x.data()[i] = static_cast<float>(number(text[place]));
        next.push_back(number(text[place + 1]));
      }
      const xp::tape tape;
      const auto loss = xp::softmax_cross_entropy(model(x, state), next);
      optimizer.zero_grad();
      loss.backward();
      clip(optimizer.parameters());
      optimizer.step();
      total += loss.item();
    }
    std::printf("pass %2d  %.3f nats a letter\n", pass, mean_loss = total / count);
    std::fflush(stdout);
  }

  auto state = model.layer.zero_state(1);
  char letter = '\n';
  for (int i = 0; i < 400; ++i) {  // without a tape: nothing is recorded
    const auto x = xp::full<float>({1, 1}, static_cast<float>(number(letter)));
    const auto chances = xp::softmax(model(x, state) / 0.7).value();
    double left = random.uniform();
    std::size_t j = 0;
    while (j + 1 < letters.size() && (left -= static_cast<double>(chances(0, j))) > 0) ++j;
    std::putchar(letter = letters[j]);
  }
  const double bar = quick ? 2.6 : 1.6;
  std::printf("\n%.3f nats a letter, %.1f are asked for\n", mean_loss, bar);
  return mean_loss < bar ? 0 : 1;
}

int main(int count, char** arguments) {
  const std::string cell = count > 1 ? arguments[1] : "lstm",
                    how = count > 2 ? arguments[2] : "full";
  std::ifstream file(count > 3 ? arguments[3] : "/usr/share/common-licenses/GPL-3");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (text.size() < 10000) return std::fprintf(stderr, "character_lstm: too short a text\n"), 1;
  if (cell == "gru") return learn<xp::nn::gru<float>>(text, how == "quick");
  if (cell == "rnn") return learn<xp::nn::rnn<float>>(text, how == "quick");
  return learn<xp::nn::lstm<float>>(text, how == "quick");
}
