#pragma once
// Rows of text as a table for people, and as CSV.

#include <string>
#include <vector>

namespace xtape::detail {

using text_rows = std::vector<std::vector<std::string>>;

/// Columns side by side, two blanks apart, left-aligned; a line a row.
std::string aligned(const text_rows& rows);

/// RFC 4180: a field with a comma, a quote or a line's end stands in quotes.
std::string csv(const text_rows& rows);

/// A double as printf shows it.
std::string short_text(const char* format, double value);

/// All digits of a double, so that reading it gives the same; "nan", "inf".
std::string full_text(double value);

}  // namespace xtape::detail
