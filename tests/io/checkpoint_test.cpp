#include <xtape/xtape.hpp>

#include "catch.hpp"
#include "files.hpp"
#include "fuzz/training.hpp"

#include <bit>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using xtape::array;
using xtape::domain_error;
using xtape::io_error;
using xtape::rng;
using xtape::variable;
namespace io = xtape::io;
namespace nn = xtape::nn;
namespace optim = xtape::optim;
namespace fs = std::filesystem;

namespace {

constexpr xtape::location nowhere;
const fs::path golden = fs::path(XTAPE_SOURCE_ROOT) / "tests" / "fuzz" / "corpus" / "checkpoint" /
                        "training.safetensors";

using make_optimizer = std::unique_ptr<optim::optimizer<float>> (*)(std::vector<variable<float>>);

/// A program that trains a network with everything that has state, a step at a time.
class program {
 public:
  program(std::uint64_t seed, make_optimizer make)
      : random_(seed),
        data_(xtape::data::make_classification<float>({.n_samples = 50, .n_features = 4})),
        batches_(xtape::data::batches(data_, 8, random_)),
        model_{nn::linear<float>(4, 6, xtape::init::he_normal(), random_), nn::batch_norm<float>(6),
               nn::dropout(0.3, random_),
               nn::linear<float>(6, 2, xtape::init::he_normal(), random_)},
        optimizer_(make(model_.parameters())) {
    all_.add("model", model_);
    all_.add("optimizer", *optimizer_);
    all_.add("rate", rate_);
    all_.add("random", random_);
    all_.add("batches", batches_);
    all_.add("epoch", epoch_);
    all_.add("losses", losses_);
  }

  io::checkpoint& all() { return all_; }
  const std::vector<double>& losses() const { return losses_; }

  /// Until that many losses are known. Saves the state after `save_at` of them, to that path.
  void train(std::size_t losses, std::size_t save_at = 0, const std::string& path = {}) {
    for (; epoch_ < 100; ++epoch_) {
      for (auto& [x, labels] : batches_) {
        step(x, labels);
        if (losses_.size() == save_at) all_.save(path);
        if (losses_.size() == losses) return;
      }
      plateau();
      if (losses_.size() == losses) return;
    }
  }

  std::vector<float> weights() const {
    std::vector<float> all;
    for (const auto& p : model_.parameters())
      all.insert(all.end(), p.value().data(), p.value().data() + p.size());
    return all;
  }

 private:
  void step(const variable<float>& x, const std::vector<int>& labels) {
    const xtape::tape tape;
    const auto loss = xtape::softmax_cross_entropy(model_(x), labels);
    optimizer_->zero_grad();
    loss.backward();
    if (auto* const method = dynamic_cast<optim::sgd<float>*>(optimizer_.get())) method->step();
    if (auto* const method = dynamic_cast<optim::adam<float>*>(optimizer_.get())) method->step();
    losses_.push_back(loss.item());
  }
  void plateau() {
    const double rate = rate_(losses_.back());
    if (auto* const method = dynamic_cast<optim::sgd<float>*>(optimizer_.get()))
      method->set_learning_rate(rate);
  }

  rng random_;
  xtape::data::dataset<float> data_;
  xtape::data::batch_range<float> batches_;
  nn::sequential<float> model_;
  std::unique_ptr<optim::optimizer<float>> optimizer_;
  // No loss is better than the first: it waits in the second epoch, reduces the rate in the third,
  // and cools down in the fourth.
  xtape::schedule::reduce_on_plateau rate_{
      0.1, {.factor = 0.5, .patience = 1, .threshold = 0.99, .cooldown = 2}};
  int epoch_ = 0;
  std::vector<double> losses_;
  io::checkpoint all_;
};

std::string failure(io::checkpoint& all, const fs::path& path) {
  return failure_of<io_error>(path, [&] { all.load(path, nowhere); });
}

}  // namespace

TEST_CASE("training goes on bit for bit from every step", "[io][checkpoint]") {
  const make_optimizer makes[] = {
      [](std::vector<variable<float>> p) -> std::unique_ptr<optim::optimizer<float>> {
        return std::make_unique<optim::sgd<float>>(
            std::move(p),
            optim::sgd_options{.learning_rate = 0.1, .momentum = 0.9, .nesterov = true});
      },
      [](std::vector<variable<float>> p) -> std::unique_ptr<optim::optimizer<float>> {
        return std::make_unique<optim::adam<float>>(std::move(p),
                                                    optim::adam_options{.learning_rate = 0.01});
      }};
  const temporary_folder folder;
  const std::string path = folder.path() / "training.checkpoint";
  constexpr std::size_t steps = 30;  // seven an epoch
  for (const make_optimizer make : makes) {
    program whole(1, make);
    whole.train(steps);
    // In the middle of an epoch, in its last batch, in the first of the next one.
    for (std::size_t at = 1; at < steps; ++at) {
      INFO("after step " << at);
      program first(1, make);
      first.train(at, at, path);
      program second(2, make);  // whose weights, order and masks are others
      REQUIRE(second.all().resume(path));
      CHECK(second.losses().size() == at);
      second.train(steps);
      CHECK(second.losses() == whole.losses());
      CHECK(second.weights() == whole.weights());
    }
  }
}

TEST_CASE("lbfgs goes on bit for bit", "[io][checkpoint]") {
  const temporary_folder folder;
  const std::string path = folder.path() / "a";
  const auto run = [&](int steps, bool resumes, bool saves) {
    const xtape::parameter<double> x(array<double>(-1.2)), y(array<double>(1.0));
    optim::lbfgs<double> optimizer({x, y}, {.max_iterations = 3});
    io::checkpoint all;
    all.add("x", x);
    all.add("y", y);
    all.add("optimizer", optimizer);
    if (resumes) all.load(path);
    for (int i = 0; i < steps; ++i)
      optimizer.step([&] {
        const xtape::tape tape;
        // Rosenbrock's valley.
        const auto d = y - xtape::square(x);
        const auto loss = xtape::sum(100.0 * xtape::square(d) + xtape::square(1.0 - x));
        loss.backward();
        return loss.item();
      });
    if (saves) all.save(path);
    return std::pair(x.item(), y.item());
  };
  const auto whole = run(5, false, false);
  run(2, false, true);
  CHECK(run(3, true, false) == whole);
}

TEST_CASE("numbers of every type, arrays and generators come back", "[io][checkpoint]") {
  const temporary_folder folder;
  const std::string path = folder.path() / "a";
  struct everything {
    bool flag = true;
    int small = -5;
    unsigned char tiny = 200;
    short two = -300;
    std::size_t large = ~std::size_t{0};
    long long negative = std::numeric_limits<long long>::min();
    float single = 0.1f;
    double best = -std::numeric_limits<double>::infinity();
    array<double> values{{1, 2}, {3, 4}};
    std::vector<float> some{1, 2, 3};
    std::vector<double> none;
    rng random{3};
    nn::generator source{rng(4).split(5)};
    xtape::parameter<float> parameter{array<float>{1, 2}};
    io::checkpoint all;

    everything() {
      all.add("flag", flag), all.add("small", small), all.add("tiny", tiny), all.add("two", two);
      all.add("large", large), all.add("negative", negative), all.add("single", single);
      all.add("best", best), all.add("values", values), all.add("some", some),
          all.add("none", none);
      all.add("random", random), all.add("source", source), all.add("parameter", parameter);
    }
  };
  everything a;
  a.random.discard(7);  // an odd place: half of a block is held
  a.all.save(path);
  everything b;
  b.flag = false, b.small = 0, b.tiny = 0, b.two = 0, b.large = 0, b.negative = 0, b.single = 0,
  b.best = 0;
  b.values.fill(0), b.some.clear(), b.none = {1, 2}, b.random = rng(9),
                                    b.source.mutable_value() = rng(9);
  b.parameter.mutable_value().fill(0);
  b.all.load(path);
  CHECK(b.flag);
  CHECK(b.small == -5);
  CHECK(b.tiny == 200);
  CHECK(b.two == -300);
  CHECK(b.large == ~std::size_t{0});
  CHECK(b.negative == std::numeric_limits<long long>::min());
  CHECK(b.single == 0.1f);
  CHECK(b.best == -std::numeric_limits<double>::infinity());
  CHECK((b.values == a.values));
  CHECK(b.some == std::vector<float>{1, 2, 3});
  CHECK(b.none.empty());
  CHECK(b.random == a.random);
  CHECK(b.random() == a.random());
  CHECK((b.source.value() == a.source.value()));
  CHECK((b.parameter.value() == array<float>{1, 2}));
}

TEST_CASE("a checkpoint is a safetensors file that other programs can read and write",
          "[io][checkpoint]") {
  fuzz::training training;
  REQUIRE(training.checkpoint.resume(golden));
  CHECK((training.model.weight.value() == array<float>{{-1, -0.5f}, {0, 0.5f}, {1, 1.5f}}));
  CHECK(training.model.source.value().state() == rng::state_type{7, 0, 12});
  CHECK(training.optimizer.learning_rate() == 0.05);
  CHECK(training.rate.state.best == 1.5);
  CHECK(training.random.state() == rng::state_type{1, 0, 9});
  CHECK(training.batches.place().given == 6);
  CHECK(training.epoch == 4);
  CHECK(training.best == 0.25);
  CHECK(!training.done);
  CHECK(training.losses == std::vector<double>{-1, -0.5, 0, 0.5});
  const temporary_folder folder;
  const fs::path path = folder.path() / "a";
  training.checkpoint.save(path);
  const auto says = io::read_safetensors_metadata(path);
  CHECK(says.at("format") == "xtape checkpoint");
  CHECK(says == io::read_safetensors_metadata(golden));
  CHECK(!fs::exists(path.string() + ".part"));
}

TEST_CASE("a checkpoint that does not fit is refused, and nothing changes",
          "[io][checkpoint][errors]") {
  const temporary_folder folder;
  const fs::path path = folder.path() / "a";
  fuzz::training training;
  const auto before = training.bytes();
  const auto failure_after = [&](auto change) {
    fuzz::training other;
    change(other);
    other.checkpoint.save(path);
    const std::string text = failure(training.checkpoint, path);
    CHECK(training.bytes() == before);
    return text;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(failure_after([](auto&) {}) == "no error");
  CHECK(
      failure_after([&](auto& t) { *std::get<double*>(t.optimizer.state()[0].value) = nan; }) ==
      "checkpoint: FILE: 1 difference from what was added:\n"
      "  'optimizer.groups.0.learning_rate' is nan in the file: it must be finite, and at least 0");
  CHECK(
      failure_after([](auto& t) {
        t.rate.state.rate = -1;
        *std::get<double*>(t.optimizer.state()[0].value) = std::numeric_limits<double>::infinity();
      }) ==
      "checkpoint: FILE: 2 differences from what was added:\n"
      "  'optimizer.groups.0.learning_rate' is inf in the file: it must be finite, and at least 0\n"
      "  'rate.rate' is -1 in the file: it must be finite, and at least 0");
  CHECK(failure_after([](auto& t) {
          t.model.weight.mutable_value() = xtape::zeros<float>({2, 3});
        }) ==
        "checkpoint: FILE: 1 difference from what was added:\n"
        "  'model.weight' is F32 (2, 3) in the file, F32 (3, 2) here");

  io::checkpoint few, many;
  int epoch = 3;
  long step = 4;
  rng random(1);
  few.add("epoch", epoch);
  few.save(path);
  many.add("epoch", step);
  many.add("random", random);
  CHECK(failure(many, path) ==
        "checkpoint: FILE: 2 differences from what was added:\n"
        "  'epoch' is I32 () in the file, I64 () here\n"
        "  'random' is missing: it is U64 (3) here");
  many.save(path);
  CHECK(failure(few, path) ==
        "checkpoint: FILE: 2 differences from what was added:\n"
        "  'epoch' is I64 () in the file, I32 () here\n"
        "  'random', U64 (3), is in the file only");
  CHECK(epoch == 3);

  const fs::path missing = folder.path() / "missing";
  CHECK(failure(few, missing) == "checkpoint: FILE: No such file or directory");
  CHECK(!few.resume(missing));
  CHECK(failure_of<io_error>(folder.path(), [&] { few.resume(folder.path(), nowhere); }) ==
        "checkpoint: FILE: is a folder");
  io::write_safetensors(path, io::named_arrays<float>{});
  CHECK(failure(few, path) == "checkpoint: FILE: is no checkpoint: its metadata does not say so");
  io::write_safetensors(path, io::named_arrays<float>{},
                        {{"format", "xtape checkpoint"}, {"version", "2"}});
  CHECK(failure(few, path) ==
        "checkpoint: FILE: is a checkpoint of version '2': version 1 is read");
  // Every bit counts.
  bytes file = read_all(golden);
  file.back() ^= 1;
  CHECK(failure(training.checkpoint, folder.write("b", file)) ==
        "checkpoint: FILE: is corrupt: the CRC of its numbers is not the one it declares");
  CHECK(training.bytes() == before);

  CHECK_THROWS_AS(few.add("epoch", epoch), domain_error);
  CHECK(failure_of<domain_error>("-", [&] { few.add("epoch", epoch, nowhere); }) ==
        "checkpoint: 'epoch' was added before");
  CHECK(failure_of<domain_error>("-", [&] { few.add("", epoch, nowhere); }) ==
        "checkpoint: a name is empty");
  nn::linear<float> layer(1, 1, xtape::init::he_normal(), random);
  int weight = 0;
  io::checkpoint twice;
  twice.add("a", layer);
  twice.add("a.weight", weight);
  CHECK(failure_of<domain_error>("-", [&] { twice.save(path, nowhere); }) ==
        "checkpoint: two things are called 'a.weight'");
}

TEST_CASE("a place in other batches is refused", "[io][checkpoint][errors]") {
  const temporary_folder folder;
  const fs::path path = folder.path() / "a";
  const xtape::data::dataset<float> ten{xtape::zeros<float>({10, 1}), std::vector<int>(10), 1};
  const xtape::data::dataset<float> nine{xtape::zeros<float>({9, 1}), std::vector<int>(9), 1};
  rng random(1);
  auto batches = xtape::data::batches(ten, 3, random);
  io::checkpoint all;
  all.add("batches", batches);
  for (auto it = batches.begin(); it != batches.end(); ++it)
    if (batches.place().given == 10) all.save(path);
  auto others = xtape::data::batches(nine, 3, random);
  io::checkpoint other;
  other.add("batches", others);
  CHECK(failure(other, path) ==
        "checkpoint: FILE: 2 differences from what was added:\n"
        "  'batches.samples' is 10 in the file: it must be 9\n"
        "  'batches.given' is 10 in the file: it must be 0 to 9");
  auto fewer = xtape::data::batches(ten, 3, random, {.drop_last = true});
  io::checkpoint dropping;
  dropping.add("batches", fewer);
  CHECK(failure(dropping, path) ==
        "checkpoint: FILE: 1 difference from what was added:\n"
        "  'batches.given' is 10 in the file: it must be 0 to 9");
}
