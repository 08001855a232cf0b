#include "report.hpp"

#include <xtape/array/error.hpp>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <system_error>

namespace {

/// Run by gnuplot in the folder of the CSV files. Colours: Okabe and Ito's, which the colour-blind can
/// tell apart; every line has a mark of its own as well.
constexpr const char* gnuplot_script =
    R"(# gnuplot pictures.gp draws the CSV files of this folder as SVG and PNG.
set datafile separator comma
set border 3 linewidth 0.8
set tics nomirror out
unset mytics
set grid ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.6
set key left top reverse Left spacing 1.25 samplen 2.5
array colours[4] = ['#D55E00', '#E69F00', '#0072B2', '#009E73']
array marks[4] = [5, 9, 7, 13]
array sizes[4] = [1.7, 1, 1, 1]   # where two lines coincide, both are seen
array widths[4] = [4, 2, 2, 2]

do for [format in 'svg png'] {
  if (format eq 'svg') {
    set terminal svg size 760,460 font 'DejaVu Sans,13' background 'white'
  } else {
    set terminal pngcairo size 1140,690 font 'DejaVu Sans,15' linewidth 1.5 background 'white'
  }

  set xrange [0.7:9.3]
  set xtics 1
  set logscale y
  set format y '10^{%L}'
  set xlabel 'layer (1 sees the data)'

  set output 'class_exercise.'.format
  set title 'Class exercise: the gradient on its way to the data'
  set ylabel 'RMS gradient at the input of the layer'
  plot 'class_exercise.csv' using 1:7 skip 1 with lines linewidth 2 linecolor rgb '#999999' \
         title 'predicted from the initializer', \
       '' using 1:3 skip 1 with points pointtype 7 pointsize 1.6 linecolor rgb '#D55E00' \
         title 'measured on the tape'

  set output 'gradient_by_layer.'.format
  set title 'Gradients of nine layers before training, Fashion-MNIST'
  set ylabel 'RMS gradient of the weights'
  set yrange [*:1]
  set key right bottom
  plot for [i=1:4] 'gradient_by_layer.csv' using 1:(column(i + 1)) skip 1 with linespoints \
    linewidth widths[i] pointsize sizes[i] pointtype marks[i] linecolor rgb colours[i] title names[i]
  set yrange [*:*]

  unset logscale y
  set format y '%g'
  set xrange [0.7:*]
  set autoscale xfixmax
  set offsets 0, 0.3, 0, 0
  set output 'loss_by_epoch.'.format
  set title 'Training the nine layers on Fashion-MNIST'
  set xlabel 'epoch'
  set ylabel 'training loss (cross-entropy, nats)'
  set yrange [0:*]
  set key right center
  plot for [i=1:4] 'loss_by_epoch.csv' using 1:(column(i + 1)) skip 1 with linespoints \
    linewidth widths[i] pointsize sizes[i] pointtype marks[i] linecolor rgb colours[i] title names[i]
  set yrange [*:*]
  unset offsets
  set key left top
}
)";

std::ofstream open_file(const std::filesystem::path& path) {
  std::ofstream file(path);
  if (!file)
    throw xtape::io_error("vanishing_gradients: " + path.string() +
                          ": cannot be written: " + std::strerror(errno));
  file.precision(9);
  return file;
}

void close_file(std::ofstream& file, const std::filesystem::path& path) {
  file.close();
  if (!file)
    throw xtape::io_error("vanishing_gradients: " + path.string() + ": not written in full");
}

/// A row for each of `rows` steps, a column for each configuration.
void write_columns(const std::filesystem::path& path, const char* step,
                   const std::vector<result>& results, std::size_t rows,
                   const std::function<double(const training_figures&, std::size_t)>& value) {
  std::ofstream file = open_file(path);
  file << step;
  for (const result& each : results) file << ",\"" << each.name << '"';
  file << '\n';
  for (std::size_t row = 0; row < rows; ++row) {
    file << row + 1;
    for (const result& each : results) file << ',' << value(each.figures, row);
    file << '\n';
  }
  close_file(file, path);
}

double first_over_last(const std::vector<double>& gradients) {
  return gradients.front() / gradients.back();
}

}  // namespace

progress_bar::progress_bar(std::string name, int epochs)
    : name_(std::move(name)), epochs_(epochs), terminal_(isatty(STDOUT_FILENO) != 0) {}

progress_bar::~progress_bar() {
  if (terminal_ && drawn_ >= 0) std::printf("\n");
}

void progress_bar::show(const epoch_figures& now) {
  const bool finished = now.progress >= 1;
  const int state = now.epoch * 200 + static_cast<int>(now.progress * 100);
  if (terminal_ ? state == drawn_ : !finished) return;
  drawn_ = state;
  std::string bar;
  if (terminal_) {
    const double done = (now.epoch - 1 + now.progress) / epochs_;
    const auto filled = static_cast<std::size_t>(done * 24);
    bar = "[........................] ";
    bar.replace(1, filled, filled, '#');
  }
  std::printf("%s%-21s  epoch %2d/%d  %sloss %.4f  accuracy %5.1f%%  %6.0f images/s%s",
              terminal_ ? "\r" : "", name_.c_str(), now.epoch, epochs_, bar.c_str(), now.loss,
              100 * now.accuracy, now.images_per_second, terminal_ ? "" : "\n");
  std::fflush(stdout);
}

void print_exercise(const std::vector<layer_figures>& layers) {
  std::printf(
      "         mean of its   gradient at the layer's input     factor from the layer behind\n"
      "  layer   activation       RMS            mean |g|          measured   predicted\n");
  for (const layer_figures& at : layers)
    std::printf("  %5d   %10.4f   %12.3e   %12.3e   %13.5f  %10.5f\n", at.layer, at.mean_activation,
                at.gradient_rms, at.gradient_mean_magnitude, at.factor, at.predicted);
}

void print_summary(const std::vector<result>& results) {
  std::printf(
      "                          gradient RMS, first layer over last   training     test\n"
      "  configuration           before training    after training      loss      accuracy\n");
  for (const auto& [name, figures] : results)
    std::printf("  %-21s   %15.2e   %15.2e   %9.4f   %9.2f%%\n", name.c_str(),
                first_over_last(figures.gradient_before), first_over_last(figures.gradient_after),
                figures.epochs.back().loss, 100 * figures.test_accuracy);
}

void write_exercise(const std::filesystem::path& folder, const std::vector<layer_figures>& layers) {
  const std::filesystem::path path = folder / "class_exercise.csv";
  std::ofstream file = open_file(path);
  file << "layer,mean_activation,gradient_rms,gradient_mean_magnitude,factor,predicted_factor,"
          "predicted_gradient_rms\n";
  // From the measured gradient at the last layer's input, by the predicted factors alone.
  std::vector<double> predicted(layers.size(), layers.back().gradient_rms);
  for (std::size_t i = layers.size() - 1; i-- > 0;)
    predicted[i] = predicted[i + 1] * layers[i].predicted;
  for (std::size_t i = 0; i < layers.size(); ++i)
    file << layers[i].layer << ',' << layers[i].mean_activation << ',' << layers[i].gradient_rms
         << ',' << layers[i].gradient_mean_magnitude << ',' << layers[i].factor << ','
         << layers[i].predicted << ',' << predicted[i] << '\n';
  close_file(file, path);
}

void write_training(const std::filesystem::path& folder, const std::vector<result>& results) {
  write_columns(folder / "gradient_by_layer.csv", "layer", results,
                results.front().figures.gradient_before.size(),
                [](const training_figures& f, std::size_t i) { return f.gradient_before[i]; });
  write_columns(folder / "loss_by_epoch.csv", "epoch", results,
                results.front().figures.epochs.size(),
                [](const training_figures& f, std::size_t i) { return f.epochs[i].loss; });

  const std::filesystem::path summary = folder / "summary.csv";
  std::ofstream file = open_file(summary);
  file << "configuration,gradient_ratio_before,gradient_ratio_after,training_loss,test_accuracy\n";
  for (const auto& [name, figures] : results)
    file << '"' << name << "\"," << first_over_last(figures.gradient_before) << ','
         << first_over_last(figures.gradient_after) << ',' << figures.epochs.back().loss << ','
         << figures.test_accuracy << '\n';
  close_file(file, summary);

  const std::filesystem::path script = folder / "pictures.gp";
  file = open_file(script);
  file << "array names[" << results.size() << "] = [";
  for (const result& each : results)
    file << (&each == &results.front() ? "'" : ", '") << each.name << "'";
  file << "]\n" << gnuplot_script;
  close_file(file, script);
}

void draw_pictures(const std::filesystem::path& folder) {
  // No shell, and names without the folder: nothing needs quoting.
  std::string program = "gnuplot", script = "pictures.gp";
  char* const arguments[] = {program.data(), script.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  pid_t child = 0;
  const int failed = posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == ENOENT) {
    std::printf(
        "No pictures were drawn: gnuplot is not installed (apt-get install gnuplot-nox).\n");
    return;
  }
  int status = 0;
  if (failed != 0)
    throw xtape::io_error(std::string("vanishing_gradients: gnuplot: ") + std::strerror(failed));
  while (waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw xtape::io_error("vanishing_gradients: gnuplot failed on " + (folder / script).string());
  std::printf("Pictures: class_exercise, gradient_by_layer, loss_by_epoch, each .svg and .png\n");
}
