// A program outside the project, built against the installed tree alone.
#include <iostream>

#include <xtape/array/array.hpp>

int main() {
  const xtape::array<float> a = 2.0f * xtape::full<float>({2, 3}, 1.5f);
  std::cout << xtape::to_string(a.shape()) << " of " << a(1, 2) << '\n';
}
