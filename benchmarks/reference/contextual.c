/* Inverse gap weighting over the forward algorithm in plain C, in a world with a list of contexts and losses 0 or 1.
   Writes seven numbers: loss, best_loss, regret, law_regret, estimation, triangular, oracle_regret. */

#include "reference.h"

typedef struct {
    i64 horizon, n_contexts, n_actions, dimension;
    double gamma, regularization;
    const double *features; /* (M, K, d) */
    const double *means;    /* (M, K) */
    const double *least;    /* (M,) */
} Contextual;

INLINE double square_norm(const double *restrict inverse, const double *restrict x, i64 d) {
    double total = 0.0;
    for (i64 i = 0; i < d; i++) {
        double partial = 0.5 * inverse[i * d + i] * x[i];
        for (i64 j = 0; j < i; j++) partial += inverse[i * d + j] * x[j];
        total += partial * x[i];
    }
    return 2.0 * total;
}

INLINE double product(const double *restrict x, const double *restrict y, i64 d) {
    double total = 0.0;
    for (i64 i = 0; i < d; i++) total += x[i] * y[i];
    return total;
}

INLINE void exact_law(double gamma, const double *restrict guess, double *restrict law, i64 k) {
    i64 best = 0;
    for (i64 a = 1; a < k; a++)
        if (guess[a] < guess[best]) best = a;
    double level = 0.0;
    for (i64 a = 0; a < k; a++) {
        law[a] = gamma * (guess[a] - guess[best]);
        level += law[a] == 0.0 ? 1.0 : 0.0;
    }
    for (int tries = 0; tries < 60; tries++) {
        double total = 0.0, slope = 0.0;
        for (i64 a = 0; a < k; a++) {
            double p = 1.0 / (level + law[a]);
            total += p;
            slope += p * p;
        }
        double step = (total - 1.0) * total / slope;
        level += step;
        if (step <= 4e-16 * level) break;
    }
    for (i64 a = 0; a < k; a++) law[a] = 1.0 / (level + law[a]);
    double rest = 1.0;
    for (i64 a = 0; a < k; a++) rest -= a != best ? law[a] : 0.0;
    law[best] = rest;
}

INLINE void learn(double *restrict inverse, double *restrict theta, const double *restrict x, double loss,
                  double *restrict image, i64 d) {
    double growth = 1.0;
    for (i64 i = 0; i < d; i++) {
        image[i] = 0.0;
        for (i64 j = 0; j < d; j++) image[i] += inverse[i * d + j] * x[j];
        growth += image[i] * x[i];
    }
    double miss = (loss - product(theta, x, d)) / growth;
    for (i64 i = 0; i < d; i++) {
        theta[i] += image[i] * miss;
        double scaled = image[i] / growth;
        for (i64 j = 0; j < d; j++) inverse[i * d + j] -= scaled * image[j];
    }
}

INLINE void measure(const Contextual *g, i64 t, i64 context, i64 arm, double loss, const double *law,
                    const double *guess, Sum *sums) {
    const double *means = g->means + context * g->n_actions;
    double expected = 0.0, square = 0.0, triangular = 0.0;
    for (i64 a = 0; a < g->n_actions; a++) expected += law[a] * means[a];
    for (i64 a = 0; a < g->n_actions; a++) {
        double error = (guess[a] - means[a]) * (guess[a] - means[a]), both = guess[a] + means[a];
        square += law[a] * (guess[a] - means[a]) * (guess[a] - means[a]);
        triangular += law[a] * (both > 0.0 ? error / both : 0.0);
    }
    double oracle = (guess[arm] - loss) * (guess[arm] - loss) - (means[arm] - loss) * (means[arm] - loss);
    plus(sums, loss, t);
    plus(sums + 1, g->least[context], t);
    plus(sums + 2, means[arm] - g->least[context], t);
    plus(sums + 3, expected - g->least[context], t);
    plus(sums + 4, square, t);
    plus(sums + 5, triangular, t);
    plus(sums + 6, oracle, t);
}

void gap_weighting(const Contextual *g, u64 seed, i64 first, i64 count, double *out) {
    i64 k = g->n_actions, d = g->dimension;
    double *inverse = malloc((d * d + 2 * d + 2 * k) * sizeof(double));
    double *theta = inverse + d * d, *image = theta + d, *law = image + d, *guess = law + k;
    for (i64 row = 0; row < count; row++) {
        Stream rng = stream(seed, (u32)(first + row), LEARNER), env = stream(seed, (u32)(first + row), ENVIRONMENT);
        Sum sums[7] = {{0}};
        memset(inverse, 0, (d * d + d) * sizeof(double));
        for (i64 i = 0; i < d; i++) inverse[i * d + i] = 1.0 / g->regularization;
        for (i64 t = 0; t < g->horizon; t++) {
            Words draws = words(env, t, 0);
            i64 context = (i64)(unit(draws.first) * (double)g->n_contexts);
            double coin = unit(draws.second);
            const double *features = g->features + context * k * d;
            for (i64 a = 0; a < k; a++) {
                double value = product(theta, features + a * d, d);
                value /= 1.0 + square_norm(inverse, features + a * d, d);
                guess[a] = fmin(1.0, fmax(0.0, value));
            }
            exact_law(g->gamma, guess, law, k);
            i64 arm = quantile(law, k, 1.0, uniform(rng, t, 0));
            double loss = coin < g->means[context * k + arm] ? 1.0 : 0.0;
            measure(g, t, context, arm, loss, law, guess, sums);
            learn(inverse, theta, features + arm * d, loss, image, d);
        }
        for (int i = 0; i < 7; i++) out[row * 7 + i] = sums[i].closed + sums[i].open;
    }
    free(inverse);
}
