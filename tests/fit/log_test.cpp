#include <xtape/fit/fit.hpp>

#include <xtape/data/data.hpp>
#include <xtape/ops/ops.hpp>

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "files.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

using Catch::Matchers::Message;
using xtape::fit::epoch;
using xtape::fit::epoch_log;
namespace fs = std::filesystem;

namespace {

constexpr xtape::location nowhere;
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

const epoch first{.number = 1,
                  .learning_rate = 0.1,
                  .loss = 1.0 / 3,
                  .measured = {{"validation_loss", 2.0 / 3}, {"share, of \"all\"", 1e-300}},
                  .seconds = 0.25,
                  .samples_per_second = 4e6};
const epoch second{.number = 2,
                   .learning_rate = 0.05,
                   .loss = 0.1 + 0.2,
                   .measured = {{"validation_loss", quiet_nan}, {"share, of \"all\"", -5}},
                   .seconds = 1e-3,
                   .samples_per_second = 7};

}  // namespace

TEST_CASE("a log as CSV is read again bitwise", "[fit][log]") {
  const temporary_folder folder;
  const std::string path = folder / "run.csv";
  epoch_log log(path);
  CHECK(lines_of(path).empty());
  log.write(first);
  CHECK(lines_of(path).size() == 2);  // at once
  log.write(second);
  CHECK(lines_of(path) ==
        std::vector<std::string>{
            "epoch,learning_rate,loss,validation_loss,\"share, of \"\"all\"\"\",seconds,"
            "samples_per_second",
            "1,0.1,0.3333333333333333,0.6666666666666666,1e-300,0.25,4e+06",
            "2,0.05,0.30000000000000004,nan,-5,0.001,7"});

  const auto table = xtape::data::read_csv<double>(path, {.fill = quiet_nan});
  CHECK(table.columns == std::vector<std::string>{"epoch", "learning_rate", "loss",
                                                  "validation_loss", "share, of \"all\"", "seconds",
                                                  "samples_per_second"});
  REQUIRE(table.x.shape() == xtape::shape_type{2, 7});
  CHECK(table.x(0, 0) == 1);
  CHECK(table.x(0, 2) == 1.0 / 3);
  CHECK(table.x(0, 3) == 2.0 / 3);
  CHECK(table.x(0, 4) == 1e-300);
  CHECK(table.x(1, 2) == 0.1 + 0.2);
  CHECK(std::isnan(table.x(1, 3)));
  CHECK(table.x(1, 6) == 7);
}

TEST_CASE("a log as lines of JSON is read again bitwise", "[fit][log]") {
  const temporary_folder folder;
  const std::string path = folder / "run.jsonl";
  {
    epoch_log log(path);
    log.write(first);
    CHECK(lines_of(path).size() == 1);
    log.write(second);
  }
  const auto lines = lines_of(path);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with(R"({"epoch":1,"learning_rate":0.1,"loss":0.3333333333333333,)"));
  const auto a = nlohmann::json::parse(lines[0]), b = nlohmann::json::parse(lines[1]);
  CHECK(a.size() == 7);
  CHECK(a.at("epoch").is_number_integer());
  CHECK(a.at("loss").get<double>() == 1.0 / 3);
  CHECK(a.at("validation_loss").get<double>() == 2.0 / 3);
  CHECK(a.at("share, of \"all\"").get<double>() == 1e-300);
  CHECK(a.at("samples_per_second").get<double>() == 4e6);
  CHECK(b.at("epoch") == 2);
  CHECK(b.at("loss").get<double>() == 0.1 + 0.2);
  CHECK(b.at("validation_loss").is_null());
  CHECK(b.at("seconds").get<double>() == 1e-3);
}

TEST_CASE("train writes its log", "[fit][log]") {
  const temporary_folder folder;
  struct nothing {
    double learning_rate() const { return 0.5; }
    void set_learning_rate(double) const {}
    void zero_grad() const {}
    void step() const {}
  } optimizer;
  int model = 0;
  const xtape::parameter<double> w(xtape::array<double>{1.0});
  const std::vector<xtape::data::batch<double>> data{{xtape::zeros<double>({3, 1}), {}}};
  int measured = 0;
  for (const std::string name : {"a.csv", "b.jsonl"}) {
    measured = 0;
    std::ofstream(folder / name) << "what stood there before\n";
    const auto past = xtape::fit::train(
        model, optimizer, data, [&](const auto& batch) { return xtape::mean(batch.x + w); },
        {.epochs = 3,
         .measure =
             [&] {
               return xtape::fit::measurements{{"count", ++measured * 0.1}};
             },
         .log = folder / name,
         .progress = false});
    const auto lines = lines_of(folder / name);
    if (name == "b.jsonl") {
      REQUIRE(lines.size() == 3);
      for (std::size_t i = 0; i < 3; ++i) {
        const auto line = nlohmann::json::parse(lines[i]);
        CHECK(line.at("epoch") == past.epochs[i].number);
        CHECK(line.at("count").get<double>() == past.epochs[i].measured[0].value);
        CHECK(line.at("seconds").get<double>() == past.epochs[i].seconds);
      }
    } else {
      const auto table = xtape::data::read_csv<double>(folder / name);
      REQUIRE(table.x.shape() == xtape::shape_type{3, 6});
      for (std::size_t i = 0; i < 3; ++i) {
        CHECK(table.x(i, 0) == static_cast<double>(past.epochs[i].number));
        CHECK(table.x(i, 1) == 0.5);
        CHECK(table.x(i, 2) == past.epochs[i].loss);
        CHECK(table.x(i, 3) == past.epochs[i].measured[0].value);
        CHECK(table.x(i, 5) == past.epochs[i].samples_per_second);
      }
    }
  }
}

TEST_CASE("errors of a log", "[fit][log][errors]") {
  const temporary_folder folder;
  CHECK_THROWS_MATCHES(epoch_log("run.txt", nowhere), xtape::domain_error,
                       Message("epoch_log: run.txt: its name must end in .csv or .jsonl"));
  CHECK_THROWS_MATCHES(epoch_log("/nowhere/run.csv", nowhere), xtape::io_error,
                       Message("epoch_log: /nowhere/run.csv: No such file or directory"));
  epoch_log log(folder / "run.csv");
  log.write(first);
  epoch other = second;
  other.measured[1].name = "else";
  CHECK_THROWS_MATCHES(log.write(other, nowhere), xtape::domain_error,
                       Message("epoch_log: epoch 2: other measurements than in the first epoch"));
  other.measured.pop_back();
  CHECK_THROWS_AS(log.write(other), xtape::domain_error);
  CHECK(lines_of(folder / "run.csv").size() == 2);
  if (fs::exists("/dev/full")) {
    fs::create_symlink("/dev/full", folder / "full.csv");
    epoch_log full(folder / "full.csv");
    CHECK_THROWS_MATCHES(
        full.write(first, nowhere), xtape::io_error,
        Message("epoch_log: " + folder / "full.csv" + ": No space left on device"));
  }
}
