#pragma once

#include <xtape/array/array.hpp>
#include <xtape/array/error.hpp>
#include <xtape/data/dataset.hpp>

#include <optional>
#include <string>
#include <vector>

namespace xtape::data {

/// How a file of separated values is read.
struct csv_options {
  bool header =
      true;  ///< whether the first line names the columns; else they are called "1", "2", ...
  char separator = ',';  ///< between two cells: '\t', ';', ... but no quote and no end of line
  char quote = '"';      ///< around a cell that holds separators, ends of lines or, doubled, quotes

  /// The numeric columns that are wanted, in the order of x's columns. None: all that are there but
  /// the labels' one.
  std::vector<std::string> columns = {};
  /// The column of the labels, whatever stands in its cells. None: the column of text, if there is
  /// one.
  std::optional<std::string> labels = {};

  /// What stands for a missing number where there is no quote around it. "nan" and "inf" are never
  /// read as numbers.
  std::vector<std::string> missing = {"", "?", "NA", "N/A", "NaN", "nan", "null"};
  /// The number that a missing one becomes, which may be a NaN. None: a missing number is an error.
  std::optional<double> fill = {};
};

/// What read_csv returns: n samples, of which d features are numbers, and perhaps a label.
template <real T>
struct csv_table {
  std::vector<std::string> columns;  ///< d names
  array<T> x;                        ///< (n, d)

  std::string label_column;          ///< its name; empty where the file has no labels
  std::vector<std::string> classes;  ///< the texts that occur, each once, sorted by their bytes
  std::vector<int> labels;           ///< n of them: sample i is of the class classes[labels[i]]

  /// x and the labels. Throws domain_error where the file has none.
  dataset<T> samples(location where = location::current()) const;
};

/// Reads a file of separated values (CSV), one sample a line: numbers to x, a column of text to
/// labels.
///
///     const auto iris = xp::data::read_csv<float>("iris.csv");    // x: (150, 4)
///     const auto wine = xp::data::read_csv<float>("wine.data", {.header = false, .labels = "1"});
///
/// What a column holds follows from its first cell that is not missing: a number, or text. A later
/// cell of the other kind is an error, as is a second column of text: name the columns that are
/// wanted, or the labels' one, and what stands in all others is not looked at. Numbers are decimal,
/// 5.1 or -2e-3, with a point in every locale, and finite in T. Lines end in "\n" or "\r\n", the
/// last one needs no end. Lines without a character are left out; blanks around a cell without
/// quotes are no part of it; a byte order mark is skipped. The format is that of RFC 4180.
///
/// Throws io_error for a file that cannot be read, holds no sample or no column of numbers, has a
/// line with another number of cells than the first, a missing or misplaced quote, a cell that is
/// no number, a missing number without `fill`, or a missing label, each with line and column (from
/// 1) and the column's name; domain_error for a column that is asked for and is not there, or twice
/// there, and for a separator or a quote that cannot be told from the rest.
template <real T>
csv_table<T> read_csv(const std::string& path, const csv_options& options = {},
                      location where = location::current());

}  // namespace xtape::data
