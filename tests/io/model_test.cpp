#include <xtape/io/io.hpp>
#include <xtape/nn/nn.hpp>
#include <xtape/ops/ops.hpp>
#include <xtape/optim/optim.hpp>
#include <xtape/tape/tape.hpp>

#include "catch.hpp"
#include "files.hpp"

#include <filesystem>
#include <string>
#include <vector>

using xtape::array;
using xtape::domain_error;
using xtape::io_error;
using xtape::operand;
using xtape::rng;
using xtape::variable;
namespace io = xtape::io;
namespace nn = xtape::nn;
namespace fs = std::filesystem;

namespace {

constexpr xtape::location nowhere;

template <xtape::real T>
nn::sequential<T> network(std::uint64_t seed) {
  rng random(seed);
  return {nn::linear<T>(3, 4, xtape::init::he_normal(), random), nn::batch_norm<T>(4),
          nn::dropout(0.5, random), nn::linear<T>(4, 2, xtape::init::he_normal(), random)};
}

/// All arrays of a model, in one row.
template <xtape::real T>
std::vector<T> numbers(const auto& model) {
  std::vector<T> all;
  nn::for_each_state<T>(model, [&](const std::string&, const auto& member) {
    if constexpr (requires { member.value().data(); })
      all.insert(all.end(), member.value().data(), member.value().data() + member.value().size());
  });
  return all;
}

/// A module of the program's own, with both element types.
struct mixed {
  nn::linear<float> first;
  xtape::parameter<double> scale{array<double>{0.1}};
  nn::buffer<double> seen{array<double>{{1, 2}, {3, 4}}};

  void members(const auto& visit) const {
    visit("first", first), visit("scale", scale), visit("seen", seen);
  }
};

struct twins {
  xtape::parameter<float> a{array<float>{1}}, b{array<float>{2}};
  void members(const auto& visit) const { visit("a", a), visit("a", b); }
};

}  // namespace

TEST_CASE("weights come back bit for bit, in every format", "[io][model]") {
  const temporary_folder folder;
  for (const char* name : {"a.safetensors", "a.npz"}) {
    const fs::path path = folder.path() / name;
    const auto model = network<float>(1);
    {
      const xtape::tape tape;  // batch normalization sees a batch
      model(array<float>{{1, 2, 3}, {2, 3, 5}});
    }
    const auto other = network<float>(2);
    const auto handles = other.parameters();
    const float* const place = handles[0].value().data();
    REQUIRE(numbers<float>(other) != numbers<float>(model));
    io::save(model, path);
    io::load(other, path);
    CHECK(numbers<float>(other) == numbers<float>(model));
    CHECK(handles[0].value().data() == place);
    CHECK((other(array<float>{{1, 2, 3}}).value() == model(array<float>{{1, 2, 3}}).value()));

    const auto precise = network<double>(3);
    io::load(precise, path);
    const auto expected = numbers<float>(model);
    CHECK(numbers<double>(precise) == std::vector<double>(expected.begin(), expected.end()));
    // And back, where every number is still a float.
    io::save(precise, path);
    const auto third = network<float>(4);
    io::load(third, path);
    CHECK(numbers<float>(third) == expected);
  }
}

TEST_CASE("a file has the names that the module gives its members, and no generator",
          "[io][model]") {
  const temporary_folder folder;
  const fs::path path = folder.path() / "a.safetensors";
  io::save(network<float>(1), path);
  std::vector<std::string> names;
  for (const auto& [name, values] : io::read_safetensors<float>(path)) names.push_back(name);
  CHECK(names == std::vector<std::string>{"0.bias", "0.weight", "1.bias", "1.num_batches_tracked",
                                          "1.running_mean", "1.running_var", "1.weight", "3.bias",
                                          "3.weight"});
}

TEST_CASE("any module can be saved, of both element types", "[io][model]") {
  const temporary_folder folder;
  rng random(1);
  mixed a{nn::linear<float>(2, 2, xtape::init::he_normal(), random)};
  mixed b{nn::linear<float>(2, 2, xtape::init::he_normal(), random)};
  b.scale.mutable_value() = array<double>{7};
  b.seen.mutable_value() = xtape::zeros<double>({2, 2});
  for (const char* name : {"a.safetensors", "a.npz"}) {
    const fs::path path = folder.path() / name;
    io::save(a, path);
    io::load(b, path);
    CHECK(numbers<float>(b.first) == numbers<float>(a.first));
    CHECK((b.scale.value() == a.scale.value()));
    CHECK((b.seen.value() == a.seen.value()));
  }
  const fs::path path = folder.path() / "p.npz";
  io::save(a.scale, folder.path() / "p.safetensors");  // a parameter alone has no name
  CHECK(failure_of<domain_error>(path, [&] { io::save(a.scale, path, nowhere); }) ==
        "save: array '' has no name");
  CHECK(failure_of<domain_error>(path, [&] { io::save(twins{}, path, nowhere); }) ==
        "save: two things are called 'a'");
}

TEST_CASE("an optimizer goes on with what was loaded; a tape does not", "[io][model]") {
  const temporary_folder folder;
  const fs::path path = folder.path() / "a.npz";
  rng random(1);
  const nn::linear<double> layer(1, 1, xtape::init::constant(2), random);
  io::save(layer, path);
  xtape::optim::sgd<double> optimizer(nn::parameters<double>(layer), {.learning_rate = 1});
  layer.weight.mutable_value().fill(5);
  const xtape::tape tape;
  const auto loss = xtape::sum(layer(xtape::full<double>({1, 1}, 3)));
  loss.backward();
  io::load(layer, path);
  CHECK_THROWS_AS(loss.backward(), xtape::tape_error);
  optimizer.step();
  CHECK(layer.weight.value()(0, 0) == 2 - 3);
}

TEST_CASE("all differences between a file and a model are listed, and nothing changes",
          "[io][model][errors]") {
  const temporary_folder folder;
  for (const char* name : {"a.safetensors", "a.npz"}) {
    const fs::path path = folder.path() / name;
    io::named_arrays<double> arrays{{"first.weight", array<double>{{1, 2, 3}, {4, 5, 6}}},
                                    {"first.bias", array<double>{7, 8}},
                                    {"extra", array<double>(1.0)},
                                    {"seen", array<double>{{5, 6}, {7, 8}}}};
    const auto write = [&] {
      if (path.extension() == ".npz")
        io::write_npz(path, arrays);
      else
        io::write_safetensors(path, arrays);
    };
    rng random(1);
    const mixed model{nn::linear<float>(2, 2, xtape::init::he_normal(), random)};
    const auto before = numbers<float>(model.first);
    const auto failure = [&] {
      const std::string text =
          failure_of<io_error>(path, [&] { io::load(model, path, {}, nowhere); });
      CHECK(numbers<float>(model.first) == before);
      CHECK((model.scale.value() == array<double>{0.1}));
      CHECK((model.seen.value() == array<double>{{1, 2}, {3, 4}}));
      return text;
    };
    write();
    CHECK(failure() ==
          "load: FILE: 3 differences from the model:\n"
          "  'first.weight' is F64 (2, 3) in the file, F32 (2, 2) here\n"
          "  'scale' is missing: it is F64 (1) here\n"
          "  'extra', F64 (), is in the file only");
    arrays.erase("extra");
    arrays["scale"] = array<double>{3};
    arrays["first.weight"] = array<double>{{1, 2}, {3, 0.1}};
    write();
    const std::string place = path.extension() == ".npz" ? "first.weight.npy: byte 152"
                                                         : "tensor 'first.weight': byte 304";
    CHECK(failure() ==
          "load: FILE: " + place +
              ": 0.1 (number 3) is not exactly a float: allow rounding with {.round = true}");
    io::load(model, path, {.round = true});
    CHECK(model.first.weight.value()(1, 1) == 0.1f);
    CHECK((model.scale.value() == array<double>{3}));
  }
  rng random(1);
  const nn::linear<float> layer(2, 2, xtape::init::he_normal(), random);
  for (const std::string name : {"weights.txt", "weights", "npz", "a.NPZ"}) {
    CHECK(failure_of<io_error>(name, [&] { io::save(layer, name, nowhere); }) ==
          "format_of: FILE: weights are kept in .safetensors and .npz files");
    CHECK(failure_of<io_error>(name, [&] { io::load(layer, name, {}, nowhere); }) ==
          "format_of: FILE: weights are kept in .safetensors and .npz files");
  }
  CHECK(failure_of<io_error>("no.npz", [&] { io::load(layer, "no.npz", {}, nowhere); }) ==
        "load: FILE: No such file or directory");
}
