/* Optimistic descent on the unit ball against noise between stochastic and adversarial, and AdaNormalHedge on experts
   that sleep: the games and learners of bandits/convex. */

#include "reference.h"

typedef struct {
    i64 dimension, horizon;
    double radius, diameter, offset, noise, curvature; /* noise of each coordinate */
    const double *mean;
} Descent;

INLINE double dot(const double *x, const double *y, i64 d) {
    double total = 0.0;
    for (i64 i = 0; i < d; i++) total += x[i] * y[i];
    return total;
}

INLINE void project(double *x, double radius, i64 d) {
    double square = dot(x, x, d);
    if (square > radius * radius) {
        double scale = radius / sqrt(square);
        for (i64 i = 0; i < d; i++) x[i] *= scale;
    }
}

static void descend_once(const Descent *game, u64 seed, u32 repetition, double *room, double *out) {
    i64 d = game->dimension;
    double *x = room, *base = x + d, *hint = base + d, *b = hint + d, *last = b + d, *g = last + d, *open = g + d;
    double *closed = open + d, errors = 0.0, rate = sqrt(game->diameter * game->diameter / game->offset);
    memset(room, 0, 8 * d * sizeof(double));
    Stream env = stream(seed, repetition, ENVIRONMENT);
    Sum loss = {0}, along = {0}, squares = {0}, variation = {0}, path = {0};
    for (i64 t = 0; t < game->horizon; t++) {
        u64 bits = 0;
        for (i64 i = 0; i < d; i++) {
            if ((i & 63) == 0) bits = words(env, t, (u32)(i >> 6)).first;
            b[i] = game->mean[i] + (bits & 1 ? game->noise : -game->noise);
            bits >>= 1;
        }
        double value = 0.5 * game->curvature * dot(x, x, d) + dot(b, x, d), a = 0.0, s = 0.0, off = 0.0, step = 0.0;
        for (i64 i = 0; i < d; i++) g[i] = game->curvature * x[i] + b[i];
        for (i64 i = 0; i < d; i++) {
            a += g[i] * x[i];
            s += g[i] * g[i];
            off += (g[i] - hint[i]) * (g[i] - hint[i]);
            open[i] += g[i];
        }
        if (t > 0) {
            for (i64 i = 0; i < d; i++) step += (x[i] - last[i]) * (x[i] - last[i]);
            step = sqrt(step);
        }
        for (i64 i = 0; i < d; i++) last[i] = x[i];
        if ((t & 4095) == 4095)
            for (i64 i = 0; i < d; i++) {
                closed[i] += open[i];
                open[i] = 0.0;
            }
        plus(&loss, value, t);
        plus(&along, a, t);
        plus(&squares, s, t);
        plus(&variation, off, t);
        plus(&path, step, t);
        for (i64 i = 0; i < d; i++) base[i] -= rate * g[i];
        project(base, game->radius, d);
        errors += off;
        rate = sqrt(game->diameter * game->diameter / (game->offset + errors));
        for (i64 i = 0; i < d; i++) {
            hint[i] = g[i];
            x[i] = base[i] - rate * g[i];
        }
        project(x, game->radius, d);
    }
    out[0] = loss.closed + loss.open;
    out[1] = path.closed + path.open;
    out[2] = squares.closed + squares.open;
    out[3] = variation.closed + variation.open;
}

void optimistic_descent(const Descent *game, u64 seed, i64 first, i64 count, double *out) {
    double *room = malloc(8 * game->dimension * sizeof(double));
    for (i64 r = 0; r < count; r++) descend_once(game, seed, (u32)(first + r), room, out + 4 * r);
    free(room);
}

INLINE double expert_weight(double total, double size) {
    if (total <= -1.0) return 0.0;
    double scale = 1.0 / (3.0 * (size + 1.0)), above = exp((total + 1.0) * (total + 1.0) * scale);
    return 0.5 * (above - (total > 1.0 ? exp((total - 1.0) * (total - 1.0) * scale) : 1.0));
}

INLINE double count(double *restrict total, double *restrict size, const double *restrict p, const double *losses, const unsigned char *awake,
                    i64 n) {
    double mean = 0.0;
    for (i64 i = 0; i < n; i++)
        if (awake[i]) mean += p[i] * losses[i];
    for (i64 i = 0; i < n; i++)
        if (awake[i]) {
            total[i] += mean - losses[i];
            size[i] += fabs(mean - losses[i]);
        }
    return mean;
}

/* Returns the loss of the weights, or -1 for weights that are not allowed. The game and the learner count regrets. */
double normal_hedge(const double *losses, const unsigned char *awake, i64 n, i64 horizon) {
    double *total = calloc(5 * n, sizeof(double)), *size = total + n, *p = size + n, *regret = p + n, *sizes = regret + n;
    Sum loss = {0};
    for (i64 t = 0; t < horizon; t++, losses += n, awake += n) {
        double sum = 0.0;
        i64 awoken = 0;
        for (i64 i = 0; i < n; i++) {
            p[i] = 0.0;
            if (awake[i]) {
                p[i] = expert_weight(total[i], size[i]);
                sum += p[i];
                awoken++;
            }
        }
        for (i64 i = 0; i < n; i++)
            if (awake[i]) p[i] = sum > 0.0 ? p[i] / sum : 1.0 / awoken;
        double all = 0.0;
        for (i64 i = 0; i < n; i++) {
            if (!(p[i] >= 0.0) || (p[i] > 0.0 && !awake[i])) return -1.0;
            all += p[i];
        }
        if (!(fabs(all - 1.0) <= 1e-9)) return -1.0;
        plus(&loss, count(regret, sizes, p, losses, awake, n), t);
        count(total, size, p, losses, awake, n);
    }
    free(total);
    return loss.closed + loss.open;
}
