#pragma once
// check_gradients in a test: a matcher for Catch2, version 2 (one header) or 3. Included by nothing else:
// a program that includes it has Catch2.
//
//   #include <xtape/calculus/catch2.hpp>
//   CHECK_THAT(f, xtape::has_correct_gradients_at({x, y}));

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#if __has_include(<catch2/matchers/catch_matchers_templated.hpp>)
#include <catch2/matchers/catch_matchers_templated.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <xtape/calculus/check.hpp>

namespace xtape {

namespace detail {

#if __has_include(<catch2/matchers/catch_matchers_templated.hpp>)
using matcher_base = Catch::Matchers::MatcherGenericBase;
#else
using matcher_base = Catch::Matchers::Impl::MatcherUntypedBase;
#endif

/// Matches a function whose check_gradients passes; describes itself by the report.
template <real T>
class gradients_matcher : public matcher_base {
 public:
  gradients_matcher(std::vector<array<T>> inputs, check_options options, location where)
      : inputs_(std::move(inputs)), options_(std::move(options)), where_(where) {}

  template <class F>
  bool match(const F& f) const {
    const gradient_report report = check_gradients<T>(f, inputs_, options_, where_);
    text_ = report.text();
    return report.ok();
  }
  std::string describe() const override { return "has correct gradients\n" + text_; }

 private:
  std::vector<array<T>> inputs_;
  check_options options_;
  location where_;
  mutable std::string text_;
};

}  // namespace detail

/// For CHECK_THAT(f, has_correct_gradients_at({x, y})): whether check_gradients(f, {x, y}, options) passes.
/// Where it does not, the test's message is the report.
template <real T = double>
detail::gradients_matcher<T> has_correct_gradients_at(const std::vector<array<T>>& inputs,
                                                      const check_options& options = {},
                                                      location where = location::current()) {
  return {inputs, options, where};
}
/// The same for a list in braces.
template <real T>
detail::gradients_matcher<T> has_correct_gradients_at(std::initializer_list<array<T>> inputs,
                                                      const check_options& options = {},
                                                      location where = location::current()) {
  return {std::vector<array<T>>(inputs), options, where};
}

}  // namespace xtape
