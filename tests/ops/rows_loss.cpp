#include "ops/rows.hpp"

namespace table {

namespace {

const lists logits = {{{3, 4}}, {{1, 2}}, {{2, 1}}, {{5, 19}}};
const lists same_matrices = {
    {{3, 4}, {3, 4}}, {{1, 2}, {1, 2}}, {{2, 1}, {2, 1}}, {{5, 19}, {5, 19}}};
const lists same_pairs = {{{3, 2}, {3, 2}}, {{}, {}}, {{19}, {19}}, {{2, 1, 3}, {2, 1, 3}}};
const lists same_or_empty = {{{3, 2}, {3, 2}},       {{}, {}},   {{19}, {19}},
                             {{2, 1, 3}, {2, 1, 3}}, {{0}, {0}}, {{2, 0}, {2, 0}}};

expectation reduced(expectation each, reduction how) {
  return [=](const arrays<double>& x) {
    const array<double> losses = each(x);
    if (how == reduction::none) return losses;
    double total = 0;
    for (const double loss : losses.storage()) total += loss;
    return full<double>({},
                        how == reduction::sum ? total : total / static_cast<double>(losses.size()));
  };
}

const char* text(reduction how) {
  return how == reduction::mean ? "mean" : how == reduction::sum ? "sum" : "none";
}

// Three rows: a loss of two arguments, reduced each way. f takes the arguments and the way.
template <class F>
void add_three(std::vector<operation>& rows, const std::string& declaration, domain a, domain b,
               F f, const expectation& each) {
  for (const reduction how : {reduction::mean, reduction::sum, reduction::none})
    rows.push_back(row(
        declaration, text(how), {a, b}, how == reduction::mean ? same_pairs : same_or_empty,
        [=](const auto& x) { return f(x[0], x[1], how); }, reduced(each, how)));
}

// Row by row: sum_j target(i, j) of -log_softmax.
expectation cross_entropy_rows(std::function<double(const arrays<double>&, const index&)> target) {
  return [=](const arrays<double>& x) {
    return generate({x[0].shape()[0]}, [&](const index& at) {
      double total = 0;
      for (std::size_t j = 0; j < x[0].shape()[1]; ++j)
        total -= target(x, {at[0], j}) * naive_log_softmax(x[0], {at[0], j}, 1);
      return total;
    });
  };
}

double is_label(const arrays<double>& x, const index& at) {
  return labels_for(x[0].shape())[at[0]] == static_cast<int>(at[1]) ? 1 : 0;
}

double weight(std::size_t label) { return 0.5 + 0.25 * static_cast<double>(label); }

std::vector<double> weights(const shape_type& shape) {
  std::vector<double> result;
  for (std::size_t j = 0; j < shape[1]; ++j) result.push_back(weight(j));
  return result;
}

}  // namespace

void add_loss(std::vector<operation>& rows) {
  const auto hard = cross_entropy_rows(is_label);
  const auto soft =
      cross_entropy_rows([](const auto& x, const index& at) { return element(x[1], at); });
  for (const reduction how : {reduction::mean, reduction::sum, reduction::none}) {
    rows.push_back(row(
        "softmax_cross_entropy(logits, labels, options)", text(how), {plain}, logits,
        [=](const auto& x) {
          return softmax_cross_entropy(x[0], labels_for(x[0].shape()), {.how = how});
        },
        reduced(hard, how)));
    rows.push_back(row(
        "softmax_cross_entropy(logits, targets, options)", text(how), {plain, {0, 1}},
        same_matrices,
        [=](const auto& x) { return softmax_cross_entropy(x[0], x[1], {.how = how}); },
        reduced(soft, how)));
    rows.push_back(row(
        "nll(log_probabilities, labels, how)", text(how), {plain}, logits,
        [=](const auto& x) { return nll(x[0], labels_for(x[0].shape()), how); },
        reduced(
            [](const arrays<double>& x) {
              return generate({x[0].shape()[0]}, [&](const index& at) {
                return -element(x[0], {at[0], std::size_t(labels_for(x[0].shape())[at[0]])});
              });
            },
            how)));
    rows.push_back(row(
        "kl_divergence(log_q, p, how)", text(how), {plain, {0.1, 1}},
        {{{3, 4}, {3, 4}}, {{5}, {5}}, {{2, 3, 1}, {2, 3, 1}}},
        [=](const auto& x) { return kl_divergence(x[0], x[1], how); },
        reduced(
            [](const arrays<double>& x) {
              shape_type to(x[0].shape());
              const std::size_t n = to.back();
              to.resize(to.size() - 1);
              return generate(to, [&](index at) {
                double total = 0;
                at.push_back(0);
                for (at.back() = 0; at.back() < n; ++at.back()) {
                  const double p = element(x[1], at);
                  total += p * (std::log(p) - element(x[0], at));
                }
                return total;
              });
            },
            how)));
  }
  rows.push_back(row(
      "softmax_cross_entropy(logits, labels, options)", "smoothed", {plain}, logits,
      [](const auto& x) {
        return softmax_cross_entropy(x[0], labels_for(x[0].shape()), {.label_smoothing = 0.1});
      },
      reduced(cross_entropy_rows([](const auto& x, const index& at) {
                return 0.9 * is_label(x, at) + 0.1 / static_cast<double>(x[0].shape()[1]);
              }),
              reduction::mean)));
  rows.push_back(row(
      "softmax_cross_entropy(logits, labels, options)", "class weights, label 1 ignored", {plain},
      {{{3, 4}}, {{7, 3}}},
      [](const auto& x) {
        return softmax_cross_entropy(x[0], labels_for(x[0].shape()),
                                     {.class_weights = weights(x[0].shape()), .ignore_index = 1});
      },
      [=](const arrays<double>& x) {
        double total = 0, of_weights = 0;
        const array<double> losses = hard(x);
        const std::vector<int> labels = labels_for(x[0].shape());
        for (std::size_t i = 0; i < labels.size(); ++i) {
          if (labels[i] == 1) continue;
          total += weight(std::size_t(labels[i])) * losses(i);
          of_weights += weight(std::size_t(labels[i]));
        }
        return full<double>({}, total / of_weights);
      }));
  rows.push_back(row(
      "softmax_cross_entropy(logits, targets, options)", "class weights, smoothed", {plain, {0, 1}},
      same_matrices,
      [](const auto& x) {
        return softmax_cross_entropy(
            x[0], x[1], {.label_smoothing = 0.2, .class_weights = weights(x[0].shape())});
      },
      reduced(cross_entropy_rows([](const auto& x, const index& at) {
                return weight(at[1]) *
                       (0.8 * element(x[1], at) + 0.2 / static_cast<double>(x[0].shape()[1]));
              }),
              reduction::mean)));

  const domain above{1, 2}, below{-2, 0.5};
  add_three(
      rows, "mse(prediction, target, how)", plain, plain,
      [](const auto& p, const auto& t, reduction how) { return mse(p, t, how); },
      pair_by_pair([](double p, double t) { return (p - t) * (p - t); }));
  add_three(
      rows, "l1(prediction, target, how)", above, below,
      [](const auto& p, const auto& t, reduction how) { return l1(p, t, how); },
      pair_by_pair([](double p, double t) { return p - t; }));
  add_three(
      rows, "huber(prediction, target, delta, how)", plain, plain,
      [](const auto& p, const auto& t, reduction how) { return huber(p, t, 0.7, how); },
      pair_by_pair([](double p, double t) {
        const double e = std::abs(p - t);
        return e <= 0.7 ? e * e / 2 : 0.7 * e - 0.245;
      }));
  add_three(
      rows, "binary_cross_entropy_with_logits(logits, targets, how)", plain, {0.1, 0.9},
      [](const auto& z, const auto& t, reduction how) {
        return binary_cross_entropy_with_logits(z, t, how);
      },
      pair_by_pair([](double z, double t) {
        const double s = 1 / (1 + std::exp(-z));
        return -t * std::log(s) - (1 - t) * std::log(1 - s);
      }));
  add_three(
      rows, "hinge(scores, targets, how)", plain, plain,
      [](const auto& s, const auto& t, reduction how) { return hinge(s, t, how); },
      pair_by_pair([](double s, double t) { return s * t < 1 ? 1 - s * t : 0; }));

  const auto cosine = [](const arrays<double>& x) {
    shape_type to(x[0].shape());
    const std::size_t n = to.back();
    to.resize(to.size() - 1);
    return generate(to, [&](index at) {
      double aa = 0, bb = 0, ab = 0;
      at.push_back(0);
      for (at.back() = 0; at.back() < n; ++at.back()) {
        const double a = element(x[0], at), b = element(x[1], at);
        aa += a * a, bb += b * b, ab += a * b;
      }
      return n == 0 ? 0 : ab / std::sqrt(aa * bb);
    });
  };
  const lists vectors = {{{3, 4}, {3, 4}}, {{5}, {5}}, {{2, 3, 2}, {2, 3, 2}}};
  rows.push_back(row(
      "cosine_similarity(a, b, axis)", "default", {plain, plain},
      {{{3, 4}, {3, 4}}, {{5}, {5}}, {{2, 3, 2}, {2, 3, 2}}, {{0, 3}, {0, 3}}, {{2, 0}, {2, 0}}},
      [](const auto& x) { return cosine_similarity(x[0], x[1]); }, cosine));
  rows.push_back(row(
      "cosine_similarity(a, b, axis)", "axis 0", {plain, plain},
      {{{4, 3}, {4, 3}}, {{2, 1}, {2, 1}}},
      [](const auto& x) { return cosine_similarity(x[0], x[1], 0); },
      [cosine](const arrays<double>& x) {
        arrays<double> turned;
        for (const array<double>& each : x)
          turned.push_back(moved(
              [](const shape_type& s) {
                return shape_type{s[1], s[0]};
              },
              [](const index& at) {
                return index{at[1], at[0]};
              })({each}));
        return cosine(turned);
      }));
  for (const reduction how : {reduction::mean, reduction::sum, reduction::none})
    rows.push_back(row(
        "cosine_distance(prediction, target, how)", text(how), {plain, plain}, vectors,
        [=](const auto& x) { return cosine_distance(x[0], x[1], how); },
        reduced(
            [cosine](const arrays<double>& x) {
              array<double> y = cosine(x);
              for (double& v : y.storage()) v = 1 - v;
              return y;
            },
            how)));
}

}  // namespace table
