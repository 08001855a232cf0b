#pragma once
// What every walkthrough shares: the standard headers, and sections of text, figures that are checked as they are
// told, tables and graphs for the pictures.
//
//     NAME [--quick] [--tables FOLDER]
//
// --quick does less of what takes long; what it prints differently from a full run stands in a section whose
// title ends in "(reduced)". --tables writes the CSV files that NAME.gp draws, and the graphs that Graphviz does.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

class walkthrough {
 public:
  /// Ends the program, with a message, at an argument it does not know or a folder that is not there.
  walkthrough(int argc, char** argv);

  /// `full`, or `reduced` with --quick.
  template <class N>
  N budget(N full, N reduced) const {
    return quick_ ? reduced : full;
  }

  enum class kind {
    same,        ///< printed alike by every run
    takes_long,  ///< with --quick there is less of it, and the title ends in "(reduced)"
  };
  /// "-- title": a page takes over the lines from here to the next title.
  void section(const std::string& title, kind what = kind::same);
  /// std::printf.
  [[gnu::format(printf, 2, 3)]] void print(const char* format, ...);

  /// Prints "name = value", which the page may quote, and returns the value. One outside of [low, high] is a
  /// failure: the program says so, goes on, and ends with status 1.
  double figure(const std::string& name, double value, double low, double high,
                const char* format = "%.4g");

  /// A table NAME.csv: a column a name, rows one after the other. Does nothing without --tables.
  class table {
   public:
    void row(const std::vector<double>& values);

   private:
    friend class walkthrough;
    std::ofstream file_;
    std::size_t columns_ = 0;
  };
  table open_table(const std::string& name, const std::vector<std::string>& columns);

  /// A graph NAME.dot, of which a picture of the same name is made. Does nothing without --tables.
  void graph(const std::string& name, const std::string& dot);

  /// What main returns.
  int finish();

 private:
  std::ofstream open(const std::filesystem::path& path) const;

  std::string program_;
  std::filesystem::path folder_;
  bool quick_ = false, failed_ = false;
};
