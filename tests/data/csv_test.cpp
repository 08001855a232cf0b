#include <xtape/data/csv.hpp>

#include "catch.hpp"
#include "files.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

using Catch::Matchers::Message;
using Catch::Matchers::WithinAbs;
using xtape::array;
using xtape::domain_error;
using xtape::io_error;
using xtape::shape_type;
using xtape::data::csv_options;
using xtape::data::csv_table;
using xtape::data::read_csv;
namespace fs = std::filesystem;

namespace {

constexpr xtape::location nowhere;
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();
using names = std::vector<std::string>;

/// A file that is there until the test ends.
class temporary_file {
 public:
  explicit temporary_file(const std::string& contents)
      : path_(folder_.write("table.csv", contents).string()) {}
  const std::string& path() const { return path_; }

 private:
  temporary_folder folder_;
  std::string path_;
};

csv_table<double> table_of(const std::string& contents, const csv_options& options = {}) {
  return read_csv<double>(temporary_file(contents).path(), options);
}

/// The text that reading fails with, the file's name replaced by FILE.
template <class T = double>
std::string failure(const std::string& contents, const csv_options& options = {}) {
  const temporary_file file(contents);
  return failure_of<io_error>(file.path(), [&] { read_csv<T>(file.path(), options, nowhere); });
}

}  // namespace

TEST_CASE("numbers become x, a column of text labels", "[data][csv]") {
  const auto table = table_of("a,kind,b\n1,pear,2.5\n-3e2,apple,+.5\n7,pear,-0\n");
  CHECK(table.columns == names{"a", "b"});
  CHECK((table.x == array<double>{{1, 2.5}, {-300, 0.5}, {7, 0}}));
  CHECK(table.label_column == "kind");
  CHECK(table.classes == names{"apple", "pear"});
  CHECK(table.labels == std::vector<int>{1, 0, 1});
  const auto samples = table.samples();
  CHECK((samples.x == table.x));
  CHECK(samples.labels == table.labels);
  CHECK(samples.classes == 2);

  const auto plain = table_of("1,2\n3,4", {.header = false});
  CHECK(plain.columns == names{"1", "2"});
  CHECK((plain.x == array<double>{{1, 2}, {3, 4}}));
  CHECK(plain.label_column.empty());
  CHECK(plain.labels.empty());
  CHECK_THROWS_MATCHES(plain.samples(nowhere), domain_error,
                       Message("csv_table: the file has no column of labels"));
}

TEST_CASE("ends of lines, blanks, empty lines, a byte order mark", "[data][csv]") {
  const auto expected = table_of("a,b,c\n1,2,x\n3,4,y\n");
  for (const std::string contents :
       {"a,b,c\r\n1,2,x\r\n3,4,y\r\n", "a,b,c\n1,2,x\n3,4,y", "\n\na,b,c\n\n1,2,x\n\r\n3,4,y\n\n",
        "\xEF\xBB\xBF"
        "a,b,c\n1,2,x\n3,4,y\n",
        " a , b,c \n1 ,\t2, x\n  3,4 ,y\t\n", "\"a\",b,c\n\"1\",2 , \"x\" \n3,4,y\n",
        "a,b,c\r\n1,2,x\n3,4,y\r\n"}) {
    CAPTURE(contents);
    const auto table = table_of(contents);
    CHECK(table.columns == expected.columns);
    CHECK((table.x == expected.x));
    CHECK(table.classes == names{"x", "y"});
    CHECK(table.labels == std::vector<int>{0, 1});
  }
  const auto tabs = table_of("a\tb\n1\t2\n\t4\n", {.separator = '\t', .fill = 0});
  CHECK((tabs.x == array<double>{{1, 2}, {0, 4}}));
}

TEST_CASE("a quoted cell holds separators, quotes and ends of lines", "[data][csv]") {
  const auto table =
      table_of("\"x, or y\",\"say \"\"no\"\"\"\n1,\"two\nlines\"\n2,\"a, b\"\n3,\"\"\n4,\"NA\"\n");
  CHECK(table.columns == names{"x, or y"});
  CHECK(table.label_column == "say \"no\"");
  CHECK(table.classes == names{"", "NA", "a, b", "two\nlines"});
  CHECK(table.labels == std::vector<int>{3, 2, 0, 1});
  CHECK(table_of("a;b\n1;'x;y'\n", {.separator = ';', .quote = '\''}).classes == names{"x;y"});
  // A line is one of the file, wherever a quoted end of a line stands.
  CHECK(failure("a,b\n1,\"x\ny\"\n2z,\"w\"\n") ==
        "read_csv: FILE: line 4, column 1 (a): '2z' is not a number");
}

TEST_CASE("columns and labels may be asked for", "[data][csv]") {
  const std::string contents = "id,a,b,name,group\n1,2,3,x,10\n4,5,6,y,9\n7,8,9,z,10\n";
  const auto table = table_of(contents, {.columns = {"b", "a"}, .labels = "group"});
  CHECK(table.columns == names{"b", "a"});
  CHECK((table.x == array<double>{{3, 2}, {6, 5}, {9, 8}}));
  CHECK(table.label_column == "group");
  CHECK(table.classes == names{"10", "9"});
  CHECK(table.labels == std::vector<int>{0, 1, 0});
  // Columns alone: nothing else is looked at.
  CHECK(table_of(contents, {.columns = {"a"}}).label_column.empty());
  // Labels alone: every other column is to hold numbers.
  CHECK(failure(contents, {.labels = "group"}) ==
        "read_csv: FILE: line 2, column 4 (name): 'x' is not a number, and the labels stand in "
        "column 'group': name the columns that are wanted");
  CHECK(table_of("1,7\n2,8\n", {.header = false, .labels = "1"}).columns == names{"2"});

  const temporary_file file(contents), twice("a,a\n1,2\n");
  CHECK_THROWS_MATCHES(read_csv<float>(file.path(), {.columns = {"c"}}, nowhere), domain_error,
                       Message("read_csv: column 'c': the file has none of that name"));
  CHECK_THROWS_MATCHES(read_csv<float>(file.path(), {.labels = "5"}, nowhere), domain_error,
                       Message("read_csv: column '5': the file has none of that name"));
  CHECK_THROWS_MATCHES(read_csv<float>(twice.path(), {.labels = "a"}, nowhere), domain_error,
                       Message("read_csv: column 'a': the file has 2 of that name"));
  CHECK_THROWS_MATCHES(
      read_csv<float>(file.path(), {.columns = {"a", "b"}, .labels = "b"}, nowhere), domain_error,
      Message("read_csv: column 'b': asked for twice"));
}

TEST_CASE("a missing number is an error, or what it is to become", "[data][csv]") {
  CHECK(failure("a,b\n1,2\n3,\n") == "read_csv: FILE: line 3, column 2 (b): the number is missing");
  CHECK(failure("1,2\n3,NA\n", {.header = false}) ==
        "read_csv: FILE: line 2, column 2 (2): the number is missing: 'NA'");
  const auto table = table_of("a,b,c\n?,2,x\n3,,y\nnan,NA,x\n", {.fill = -1});
  CHECK((table.x == array<double>{{-1, 2}, {3, -1}, {-1, -1}}));
  CHECK(std::isnan(table_of("a\nNaN\n1\n", {.fill = quiet_nan}).x(0, 0)));
  CHECK(table_of("a\nNA\nNA\n", {.fill = 2}).x(1, 0) == 2);
  CHECK(table_of("a\n-99\n1\n", {.missing = {"-99"}, .fill = 5}).x(0, 0) == 5);
  // A label cannot be made up.
  CHECK(failure("a,b\n1,x\n2,NA\n", {.fill = 0}) ==
        "read_csv: FILE: line 3, column 2 (b): the label is missing");
  CHECK(failure("a,b\n1,\n2,x\n", {.fill = 0}) ==
        "read_csv: FILE: line 3, column 2 (b): a label; it is missing above");
  CHECK(failure("a,b\n1,?\n", {.labels = "b"}) ==
        "read_csv: FILE: line 2, column 2 (b): the label is missing");
}

TEST_CASE("broken files are told apart, with file, line and column", "[data][csv][errors]") {
  CHECK(failure("") == "read_csv: FILE: no samples");
  CHECK(failure("a,b\n") == "read_csv: FILE: no samples");
  CHECK(failure("a\nx\ny\n") == "read_csv: FILE: no column of numbers");
  CHECK(failure("a,b\n1,2\n\n3\n") == "read_csv: FILE: line 4: 1 cell, the first line has 2");
  CHECK(failure("a,b\n1,2,3\n") == "read_csv: FILE: line 2: 3 cells, the first line has 2");
  CHECK(failure("a,b\n1,2,\n") == "read_csv: FILE: line 2: 3 cells, the first line has 2");
  CHECK(failure("a,b\n1,2\n3,4x\n") ==
        "read_csv: FILE: line 3, column 2 (b): '4x' is not a number");
  CHECK(failure("a,b\n1,x\n3,4\n") ==
        "read_csv: FILE: line 3, column 2 (b): '4' is a number, above it stands text: if these are "
        "the labels, ask for them");
  for (const std::string text : {"inf", "-infinity", "nan(1)", "0x10", "1e", "1 2", "--1", "+-1",
                                 "1,0", "e3", ".", "1.2.3", "1d3"}) {
    CAPTURE(text);
    CHECK(failure("a\n1\n\"" + text + "\"\n") ==
          "read_csv: FILE: line 3, column 1 (a): '" + text + "' is not a number");
  }
  CHECK(failure("a\n1e999\n") ==
        "read_csv: FILE: line 2, column 1 (a): '1e999' is too large or too small a number");
  CHECK(failure<float>("a\n-1e39\n") ==
        "read_csv: FILE: line 2, column 1 (a): '-1e39' is too large or too small a number");
  CHECK(failure("a\n1\n" + std::string(100, 'y') + "\n") ==
        "read_csv: FILE: line 3, column 1 (a): '" + std::string(37, 'y') + "...' is not a number");
  CHECK(failure("a,b\n1,\"x\n2,3\n") ==
        "read_csv: FILE: line 2, column 2: a quote that is never closed");
  CHECK(failure("a,b\n1,\"x\" y\n") ==
        "read_csv: FILE: line 2, column 2: text behind a closing quote");
  CHECK(failure("a,b\n1,x\"y\"\n") ==
        "read_csv: FILE: line 2, column 2: a quote within a cell that has none around it");
  CHECK(failure("a,b\n1,2\r3,4\r") ==
        "read_csv: FILE: line 2, column 2: a carriage return without a line feed");
  CHECK(failure(std::string("a,b\n1,\0\n", 8)) ==
        "read_csv: FILE: line 2, column 2: a byte 0: no text");
  CHECK(failure(std::string("a,b\n1,\"\0\"\n", 10)) ==
        "read_csv: FILE: line 2, column 2: a byte 0: no text");
  CHECK(failure("a,b,c\n1,x,y\n") ==
        "read_csv: FILE: line 2, column 3 (c): 'y' is not a number, and the labels stand in column "
        "'b': name the columns that are wanted");

  CHECK_THROWS_MATCHES(read_csv<float>("/nowhere/at.all", {}, nowhere), io_error,
                       Message("read_csv: /nowhere/at.all: No such file or directory"));
  const std::string folder = fs::temp_directory_path().string();
  CHECK_THROWS_MATCHES(read_csv<float>(folder, {}, nowhere), io_error,
                       Message("read_csv: " + folder + ": is a folder"));
  const auto call = [&] { return read_csv<float>(folder); };
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_MATCHES(
      call(), io_error,
      Message("read_csv: " + folder + ": is a folder  [csv_test.cpp:" + line + "]"));

  for (const csv_options& options : {csv_options{.separator = '\n'}, csv_options{.separator = '"'},
                                     csv_options{.quote = ' '}, csv_options{.quote = '\r'}})
    CHECK_THROWS_AS(read_csv<float>("/nowhere", options), domain_error);
  CHECK_THROWS_MATCHES(read_csv<float>("/nowhere", {.fill = 1e39}, nowhere), domain_error,
                       Message("read_csv: fill = 1e+39: must be finite or a NaN"));
}

TEST_CASE("whatever bytes a file holds, they are read or refused", "[data][csv][errors]") {
  // Every file of up to five of these characters.
  const std::string characters = "1x,\"\n\r ";
  std::size_t read_well = 0, refused = 0;
  std::vector<std::string> files{""};
  for (std::size_t i = 0; i < files.size() && files[i].size() < 5; ++i)
    for (const char c : characters) files.push_back(files[i] + c);
  const temporary_file file("");
  for (const std::string& contents : files) {
    std::ofstream(file.path(), std::ios::binary) << contents;
    try {
      const auto table = read_csv<float>(file.path(), {.header = false, .fill = 0});
      REQUIRE(table.x.shape()[1] == table.columns.size());
      REQUIRE((table.labels.empty() || table.labels.size() == table.x.shape()[0]));
      ++read_well;
    } catch (const io_error&) {
      ++refused;
    }
  }
  CHECK(read_well > 1000);
  CHECK(refused > 1000);
}

TEST_CASE("Fisher's iris", "[data][csv]") {
  const auto iris = read_csv<double>(XTAPE_SOURCE_ROOT "/tests/data/iris.csv");
  CHECK(iris.columns == names{"sepal_length", "sepal_width", "petal_length", "petal_width"});
  CHECK(iris.label_column == "species");
  CHECK(iris.classes == names{"setosa", "versicolor", "virginica"});
  REQUIRE(iris.x.shape() == shape_type{150, 4});
  // The means of every species, and of all, as they stand in many books.
  const double known[3][4] = {
      {5.006, 3.428, 1.462, 0.246}, {5.936, 2.770, 4.260, 1.326}, {6.588, 2.974, 5.552, 2.026}};
  const double all[4] = {5.8433, 3.0573, 3.7580, 1.1993};
  for (std::size_t j = 0; j < 4; ++j) {
    double total = 0, of_species[3] = {};
    for (std::size_t i = 0; i < 150; ++i) {
      total += iris.x(i, j);
      of_species[iris.labels[i]] += iris.x(i, j);
    }
    CHECK_THAT(total / 150, WithinAbs(all[j], 5e-5));
    for (std::size_t k = 0; k < 3; ++k)
      CHECK_THAT(of_species[k] / 50, WithinAbs(known[k][j], 1e-9));
  }
  // The two rows that are wrong in the copy of the UCI repository; here they are Fisher's.
  const auto row = [&](std::size_t i) {
    return std::vector<double>(iris.x.data() + 4 * i, iris.x.data() + 4 * i + 4);
  };
  CHECK(row(34) == std::vector<double>{4.9, 3.1, 1.5, 0.2});
  CHECK(row(37) == std::vector<double>{4.9, 3.6, 1.4, 0.1});
}
