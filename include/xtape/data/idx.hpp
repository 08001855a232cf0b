#pragma once

#include <xtape/array/array.hpp>
#include <xtape/array/error.hpp>
#include <xtape/data/dataset.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace xtape::data {

/// The contents of an IDX file of bytes, the format of MNIST and its kin: a magic number (two
/// zeros, the element type, the number of axes), one big-endian 32-bit size an axis, then the
/// elements in row-major order. Source: LeCun, Cortes, Burges, "The MNIST database of handwritten
/// digits".
struct idx_file {
  shape_type shape;
  std::vector<std::uint8_t> bytes;
};

/// Reads an IDX file, plain or gzip-compressed (told by its contents, not by its name). Nothing is
/// allocated on the word of the header: memory grows with the bytes that are really there.
/// Throws io_error for a file that is missing, truncated, longer than declared, corrupt, of another
/// format or of another element type. The text names the file and the byte at fault, counted in the
/// decompressed file (in the .gz file where the compressed data itself is corrupt).
XTAPE_API idx_file read_idx(const std::string& path, location where = location::current());

/// Reads images, axis 0 counting them: an array (n, rows * columns) of the bytes divided by 255, so
/// that they lie in [0, 1]. Throws io_error as read_idx does, or for a file of less than two axes.
template <real T>
array<T> read_idx_images(const std::string& path, location where = location::current());

/// Reads labels: a file of one axis. Throws io_error as read_idx does, for more axes, or for a
/// label that is not below `classes`.
XTAPE_API std::vector<int> read_idx_labels(const std::string& path, int classes,
                                           location where = location::current());

/// Reads images and their labels. Throws io_error as the two above do, or where their numbers
/// differ.
template <real T>
dataset<T> read_idx_dataset(const std::string& images, const std::string& labels, int classes,
                            location where = location::current());

/// Fashion-MNIST: 60,000 training and 10,000 test images of ten kinds of clothes, 28 x 28 grey
/// pixels in [0, 1] as rows of 784. Without a folder, the one in the environment variable
/// XTAPE_FASHION_MNIST is read, or else that of the Debian package dataset-fashion-mnist,
/// /usr/share/datasets/fashion-mnist. The four files may end in .gz or not.
/// Throws io_error as read_idx_dataset does; where a file is missing the text names the package.
/// Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST" (2017), arXiv:1708.07747.
template <real T>
train_test<T> fashion_mnist(const std::string& folder = {}, location where = location::current());

/// MNIST (handwritten digits), or anything of the same four files, from a folder of yours:
/// train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte,
/// t10k-labels-idx1-ubyte, each with .gz or without. Throws io_error as read_idx_dataset does.
template <real T>
train_test<T> mnist(const std::string& folder, location where = location::current());

}  // namespace xtape::data
