// Prints what the library was built with: scripts/test_portable asks for the instructions.
#include <iostream>

#include <xtape/array/machine.hpp>

int main() { std::cout << xtape::build_info(); }
