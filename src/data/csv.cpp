#include <xtape/data/csv.hpp>

#include <xtape/array/text.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

namespace xtape::data {
namespace {

namespace fs = std::filesystem;

struct cell {
  std::string text;
  bool quoted = false;
  std::size_t line = 0;  // on which it begins
};

/// The text of a file, cut into rows of cells. Knows where it is, for errors.
class reader {
 public:
  reader(const std::string& path, const csv_options& options, location where)
      : path_(path), separator_(options.separator), quote_(options.quote), where_(where) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) fail("is a folder");
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) fail(std::strerror(errno != 0 ? errno : ENOENT));
    text_.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (file.bad()) fail(std::strerror(errno != 0 ? errno : EIO));
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  /// The cells of the next row that is not empty. False: there is none.
  bool next(std::vector<cell>& row) {
    row.clear();
    while (at_ < text_.size() && end_of_line()) {
    }
    if (at_ == text_.size()) return false;
    row_line_ = line_;
    do {
      row.push_back(next_cell(row.size() + 1));
    } while (at_ < text_.size() && text_[at_] == separator_ && ++at_ != 0);
    if (at_ < text_.size()) end_of_line();
    return true;
  }

  /// On which the row that next() gave begins.
  std::size_t row_line() const { return row_line_; }

  [[noreturn]] void fail(const std::string& what) const {
    throw io_error("read_csv: " + path_ + ": " + what, where_);
  }
  [[noreturn]] void fail_at(std::size_t line, std::size_t column, const std::string& name,
                            const std::string& what) const {
    fail("line " + std::to_string(line) + ", column " + std::to_string(column) +
         (name.empty() ? "" : " (" + name + ')') + ": " + what);
  }

 private:
  /// Passes over an end of a line, if one is here.
  bool end_of_line() {
    const std::size_t length = text_.compare(at_, 2, "\r\n") == 0 ? 2 : text_[at_] == '\n' ? 1 : 0;
    at_ += length;
    line_ += length != 0 ? 1 : 0;
    return length != 0;
  }

  bool at_blank() const {
    return at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t') &&
           text_[at_] != separator_;
  }

  cell next_cell(std::size_t column) {
    while (at_blank()) ++at_;
    if (at_ < text_.size() && text_[at_] == quote_) return quoted_cell(column);
    const std::size_t line = line_, begin = at_;
    while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' &&
           text_.compare(at_, 2, "\r\n") != 0) {
      if (text_[at_] == quote_)
        fail_at(line, column, "", "a quote within a cell that has none around it");
      if (text_[at_] == '\r' || text_[at_] == '\0')
        fail_at(line, column, "",
                text_[at_] == '\r' ? "a carriage return without a line feed" : "a byte 0: no text");
      ++at_;
    }
    std::size_t end = at_;
    while (end > begin && (text_[end - 1] == ' ' || text_[end - 1] == '\t')) --end;
    return {text_.substr(begin, end - begin), false, line};
  }

  cell quoted_cell(std::size_t column) {
    cell result{{}, true, line_};
    for (++at_;; ++at_) {
      if (at_ >= text_.size()) fail_at(result.line, column, "", "a quote that is never closed");
      if (text_[at_] == '\0') fail_at(line_, column, "", "a byte 0: no text");
      if (text_[at_] == quote_ && text_.compare(at_, 2, std::string(2, quote_)) != 0) break;
      if (text_[at_] == quote_) ++at_;  // two of them stand for one
      line_ += text_[at_] == '\n' ? 1 : 0;
      result.text += text_[at_];
    }
    ++at_;
    while (at_blank()) ++at_;
    if (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' &&
        text_.compare(at_, 2, "\r\n") != 0)
      fail_at(line_, column, "", "text behind a closing quote");
    return result;
  }

  std::string path_, text_;
  char separator_, quote_;
  location where_;
  std::size_t at_ = 0, line_ = 1, row_line_ = 1;
};

template <class T>
void check(const csv_options& o, location where) {
  const auto usable = [](char c) { return c != '\n' && c != '\r' && c != '\0'; };
  if (!usable(o.separator) || !usable(o.quote) || o.separator == o.quote || o.quote == ' ' ||
      o.quote == '\t')
    throw domain_error(
        "read_csv: separator and quote must be two characters, neither of them an end of a line, "
        "the quote no blank",
        where);
  if (o.fill && std::isinf(static_cast<T>(*o.fill)))
    throw domain_error("read_csv: fill = " + number_text(*o.fill) + ": must be finite or a NaN",
                       where);
}

std::string short_text(const std::string& text) {
  return '\'' + (text.size() <= 40 ? text : text.substr(0, 37) + "...") + '\'';
}

enum class verdict { number, text, too_large };

/// Reads all of a cell as a decimal number that is finite in T.
template <class T>
verdict parse(const std::string& text, T& value) {
  const char *first = text.data(), *const last = first + text.size();
  if (first != last && *first == '+' && first + 1 != last && first[1] != '-') ++first;
  if (std::any_of(first, last, [](char c) {
        return std::isalpha(static_cast<unsigned char>(c)) && c != 'e' && c != 'E';
      }))
    return verdict::text;  // "nan", "inf"
  double number = 0;
  const auto [end, error] = std::from_chars(first, last, number);
  if (end != last || error == std::errc::invalid_argument) return verdict::text;
  value = static_cast<T>(number);
  return error == std::errc() && std::isfinite(value) ? verdict::number : verdict::too_large;
}

/// What a column is for, and what is known of its cells.
struct column {
  std::string name;
  enum { unknown, number, label, passed_over } kind = unknown;
  bool asked_for = false;
};

/// Collects a table row by row.
template <class T>
class builder {
 public:
  builder(const reader& from, const csv_options& options, location where)
      : from_(from), options_(options), where_(where) {}

  void name_columns(const std::vector<cell>& row) {
    for (std::size_t j = 0; j < row.size(); ++j)
      columns_.push_back({options_.header ? row[j].text : std::to_string(j + 1)});
    // Where some are asked for, the others are passed over.
    const bool chosen = !options_.columns.empty();
    for (column& c : columns_) c.kind = chosen ? column::passed_over : column::unknown;
    for (const std::string& name : options_.columns) ask(name, column::number);
    if (options_.labels) ask(*options_.labels, column::label);
    values_.resize(columns_.size());
  }

  bool has_columns() const { return !columns_.empty(); }

  void add(const std::vector<cell>& row) {
    if (row.size() != columns_.size())
      from_.fail("line " + std::to_string(from_.row_line()) + ": " + std::to_string(row.size()) +
                 (row.size() == 1 ? " cell" : " cells") + ", the first line has " +
                 std::to_string(columns_.size()));
    for (std::size_t j = 0; j < row.size(); ++j) add(row[j], j);
    ++rows_;
  }

  csv_table<T> result() {
    if (rows_ == 0) from_.fail("no samples");
    std::vector<std::size_t> wanted;
    for (const std::string& name : options_.columns) wanted.push_back(find(name));
    if (wanted.empty())  // a column of nothing but missing numbers counts as one of numbers
      for (std::size_t j = 0; j < columns_.size(); ++j)
        if (columns_[j].kind == column::number || columns_[j].kind == column::unknown)
          wanted.push_back(j);
    if (wanted.empty()) from_.fail("no column of numbers");

    csv_table<T> table;
    table.x = empty<T>({rows_, wanted.size()});
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      table.columns.push_back(columns_[wanted[k]].name);
      for (std::size_t i = 0; i < rows_; ++i)
        table.x.data()[i * wanted.size() + k] = values_[wanted[k]][i];
    }
    const auto labelled = std::find_if(columns_.begin(), columns_.end(),
                                       [](const column& c) { return c.kind == column::label; });
    if (labelled == columns_.end()) return table;
    table.label_column = labelled->name;
    for (auto& [text, number] : numbers_of_) {
      number = static_cast<int>(table.classes.size());
      table.classes.push_back(text);
    }
    for (const auto& entry : labels_) table.labels.push_back(entry->second);
    return table;
  }

 private:
  std::size_t find(const std::string& name) const {
    const auto is_it = [&](const column& c) { return c.name == name; };
    const auto count = std::count_if(columns_.begin(), columns_.end(), is_it);
    if (count != 1)
      throw domain_error("read_csv: column '" + name + "': the file has " +
                             (count == 0 ? "none" : std::to_string(count)) + " of that name",
                         where_);
    return static_cast<std::size_t>(std::find_if(columns_.begin(), columns_.end(), is_it) -
                                    columns_.begin());
  }

  void ask(const std::string& name, decltype(column::kind) kind) {
    column& c = columns_[find(name)];
    if (c.asked_for) throw domain_error("read_csv: column '" + name + "': asked for twice", where_);
    c.kind = kind;
    c.asked_for = true;
  }

  void add(const cell& each, std::size_t j) {
    column& c = columns_[j];
    if (c.kind == column::passed_over) return;
    const bool missing = !each.quoted && std::find(options_.missing.begin(), options_.missing.end(),
                                                   each.text) != options_.missing.end();
    const auto fail = [&](const std::string& what) {
      from_.fail_at(each.line, j + 1, c.name, what);
    };
    if (missing) {
      if (c.kind == column::label) fail("the label is missing");
      if (!options_.fill)
        fail("the number is missing" + (each.text.empty() ? "" : ": " + short_text(each.text)));
      values_[j].push_back(static_cast<T>(*options_.fill));
      return;
    }
    T value = 0;
    const verdict found =
        c.asked_for && c.kind == column::label ? verdict::text : parse(each.text, value);
    if (found == verdict::too_large)
      fail(short_text(each.text) + " is too large or too small a number");
    if (c.kind == column::unknown) decide(c, each, j, found == verdict::number);
    if (c.kind == column::number) {
      if (found != verdict::number) fail(short_text(each.text) + " is not a number");
      values_[j].push_back(value);
    } else {
      if (found == verdict::number)
        fail(short_text(each.text) +
             " is a number, above it stands text: if these are the labels, ask for them");
      labels_.push_back(numbers_of_.try_emplace(each.text).first);
    }
  }

  /// By its first cell that is there.
  void decide(column& c, const cell& each, std::size_t j, bool number) {
    if (number) {
      c.kind = column::number;
      return;
    }
    if (!values_[j].empty())
      from_.fail_at(each.line, j + 1, c.name, "a label; it is missing above");
    for (const column& other : columns_)
      if (other.kind == column::label)
        from_.fail_at(each.line, j + 1, c.name,
                      short_text(each.text) + " is not a number, and the labels stand in column '" +
                          other.name + "': name the columns that are wanted");
    c.kind = column::label;
  }

  const reader& from_;
  const csv_options& options_;
  location where_;
  std::vector<column> columns_;
  std::vector<std::vector<T>> values_;  // one a column
  std::size_t rows_ = 0;
  std::map<std::string, int> numbers_of_;
  std::vector<std::map<std::string, int>::iterator> labels_;  // one a row
};

}  // namespace

template <real T>
csv_table<T> read_csv(const std::string& path, const csv_options& options, location where) {
  check<T>(options, where);
  reader from(path, options, where);
  builder<T> table(from, options, where);
  std::vector<cell> row;
  while (from.next(row)) {
    if (table.has_columns()) {
      table.add(row);
      continue;
    }
    table.name_columns(row);
    if (!options.header) table.add(row);
  }
  return table.result();
}

template <real T>
dataset<T> csv_table<T>::samples(location where) const {
  if (labels.empty()) throw domain_error("csv_table: the file has no column of labels", where);
  return {x, labels, static_cast<int>(classes.size())};
}

template struct XTAPE_API csv_table<float>;
template struct XTAPE_API csv_table<double>;
template XTAPE_API csv_table<float> read_csv<float>(const std::string&, const csv_options&,
                                                    location);
template XTAPE_API csv_table<double> read_csv<double>(const std::string&, const csv_options&,
                                                      location);

}  // namespace xtape::data
