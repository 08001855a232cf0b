#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "exercise.hpp"
#include "training.hpp"

/// A configuration and what came of it.
struct result {
  std::string name;
  training_figures figures;
};

/// One line that is drawn again and again on a terminal; elsewhere one line an epoch.
class progress_bar {
 public:
  progress_bar(std::string name, int epochs);
  ~progress_bar();
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;

  void show(const epoch_figures& now);

 private:
  std::string name_;
  int epochs_;
  bool terminal_;
  int drawn_ = -1;  // the state of the bar on the screen
};

void print_exercise(const std::vector<layer_figures>& layers);
void print_summary(const std::vector<result>& results);

/// The CSV files, and pictures.gp, which draws them. Throw xtape::io_error where they cannot be written.
void write_exercise(const std::filesystem::path& folder, const std::vector<layer_figures>& layers);
void write_training(const std::filesystem::path& folder, const std::vector<result>& results);

/// Draws the CSV files as SVG and PNG with gnuplot, and prints what was made, or why not.
void draw_pictures(const std::filesystem::path& folder);
