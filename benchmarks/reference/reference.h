/* What the C references share: the generator, long sums, exponential weights.

   The algorithms, the generator (Philox-4x32-10), the addresses of its draws and the order of every floating-point
   operation are those of the Python package, so the numbers agree bit for bit when both call the same libm. Compile
   with  cc -O3 -march=native -ffp-contract=off -fPIC -shared : contraction to fused multiply-adds would change the
   last bits, and the package does not use it. */

#ifndef REFERENCE_H
#define REFERENCE_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define RARE static __attribute__((noinline))

typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;

enum { LEARNER = 0, ENVIRONMENT = 1 };

/* ------------------------------------------------------------------------------------------------ random numbers */

typedef struct {
    u32 key0, key1, repetition, purpose;
} Stream;

typedef struct {
    u64 first, second;
} Words;

INLINE Stream stream(u64 seed, u32 repetition, u32 purpose) {
    return (Stream){(u32)seed, (u32)(seed >> 32), repetition, purpose};
}

INLINE Words words(Stream s, i64 t, u32 index) {
    u32 k0 = s.key0, k1 = s.key1;
    u32 c0 = (u32)t, c1 = index, c2 = s.repetition, c3 = (u32)(((u64)t >> 32) << 8) | s.purpose;
    for (int round = 0; round < 10; round++) {
        u64 left = (u64)0xD2511F53u * c0, right = (u64)0xCD9E8D57u * c2;
        c0 = (u32)(right >> 32) ^ c1 ^ k0;
        c1 = (u32)right;
        c2 = (u32)(left >> 32) ^ c3 ^ k1;
        c3 = (u32)left;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return (Words){(u64)c0 << 32 | c1, (u64)c2 << 32 | c3};
}

INLINE double unit(u64 word) { return (double)(word >> 11) * 0x1p-53; }

INLINE double uniform(Stream s, i64 t, u32 index) { return unit(words(s, t, index).first); }

/* ------------------------------------------------------------------------------------------------ long sums */

typedef struct {
    double closed, open;
} Sum;

INLINE void plus(Sum *sum, double term, i64 t) {
    sum->open += term;
    if ((t & 4095) == 4095) {
        sum->closed += sum->open;
        sum->open = 0.0;
    }
}

/* ------------------------------------------------------------------------------------------------ weights */

typedef struct {
    double *restrict loss, *restrict weight;
    double total, shift, floor;
    i64 n, updates;
} Weights;

INLINE void weights_init(Weights *w, i64 n) {
    w->loss = calloc(n, sizeof(double));
    w->weight = malloc(n * sizeof(double));
    for (i64 i = 0; i < n; i++) w->weight[i] = 1.0;
    w->n = n;
    w->total = (double)n;
    w->floor = 0.5 * (double)n;
    w->shift = 0.0;
    w->updates = 0;
}

INLINE void weights_free(Weights *w) {
    free(w->loss);
    free(w->weight);
}

INLINE i64 quantile(const double *weight, i64 n, double total, double u) {
    double target = u * total, cumulative = weight[0];
    i64 arm = 0;
    while (target >= cumulative && arm < n - 1) cumulative += weight[++arm];
    while (weight[arm] == 0.0 && arm > 0) arm--;
    return arm;
}

INLINE i64 weights_draw(const Weights *w, double u) { return quantile(w->weight, w->n, w->total, u); }

/* exp(x) for x <= 700 without calls and branches, so that a loop over the actions runs in the vector units; 0 below
   -708. x = n ln 2 + r, 14 terms of the series of exp(r), and n into the bits of the exponent. */
INLINE double exponential(double x) {
    const double least = -708.0, whole = 0x1.8p52;
    double within = x > least ? x : least, shifted = within * (1.0 / 0x1.62e42fefa39efp-1) + whole, n = shifted - whole;
    double r = (within - n * 0x1.62e42fefa0000p-1) - n * 0x1.cf79abc9e3b3ap-40, square = r * r;
    double low = (1.0 / 2 + r * (1.0 / 6)) + square * (1.0 / 24 + r * (1.0 / 120));
    double middle = (1.0 / 720 + r * (1.0 / 5040)) + square * (1.0 / 40320 + r * (1.0 / 362880));
    double high = (1.0 / 3628800 + r * (1.0 / 39916800)) + square * (1.0 / 479001600 + r * (1.0 / 6227020800));
    double fourth = square * square, mantissa = 1.0 + (r + square * (low + fourth * (middle + fourth * high))), result;
    u64 bits, exponent;
    memcpy(&bits, &mantissa, sizeof bits);
    memcpy(&exponent, &shifted, sizeof exponent);
    bits += exponent << 52;
    memcpy(&result, &bits, sizeof result);
    return x > least ? result : 0.0;
}

/* ln x for normal x > 0, as `bandits.core.normal.logarithm`: x = 2^k (1 + f), ln(1 + f) = 2 artanh(f / (2 + f)). */
INLINE double logarithm(double x) {
    const double root_half = 0.70710678118654757;
    i64 bits, from, whole;
    memcpy(&bits, &x, sizeof bits);
    memcpy(&from, &root_half, sizeof from);
    whole = (bits - from) >> 52;
    bits -= (i64)((u64)whole << 52);
    double k = (double)whole, f;
    memcpy(&f, &bits, sizeof f);
    f -= 1.0;
    double s = f / (2.0 + f), z = s * s;
    double low = (2.0 / 3 + z * (2.0 / 5)) + (z * z) * (2.0 / 7 + z * (2.0 / 9));
    double high = (2.0 / 11 + z * (2.0 / 13)) +
                  (z * z) * ((2.0 / 15 + z * (2.0 / 17)) + (z * z) * (2.0 / 19 + z * (2.0 / 21)));
    double fourth = (z * z) * (z * z), series = z * (low + fourth * high), half = 0.5 * f * f;
    return k * 0x1.62e42fefa0000p-1 - ((half - (s * (half + series) + k * 0x1.cf79abc9e3b3ap-40)) - f);
}

INLINE double sum_of(const double *weight, i64 n) {
    double sums[4] = {0, 0, 0, 0};
    i64 i = 0;
    for (; i < (n & ~(i64)3); i += 4)
        for (int j = 0; j < 4; j++) sums[j] += weight[i + j];
    for (; i < n; i++) sums[0] += weight[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

RARE double weights_remake(const double *loss, double *weight, i64 n, double learning_rate, double *least) {
    double shift = loss[0], total = 0.0;
    for (i64 i = 1; i < n; i++) shift = fmin(shift, loss[i]);
    for (i64 i = 0; i < n; i++) weight[i] = exponential(-learning_rate * (loss[i] - shift));
    for (i64 i = 0; i < n; i++) total += weight[i];
    *least = shift;
    return total;
}

INLINE void weights_remade(Weights *w, double learning_rate) {
    double shift;
    w->total = weights_remake(w->loss, w->weight, w->n, learning_rate, &shift);
    w->shift = shift;
    w->floor = 0.5 * w->total;
    w->updates = 0;
}

INLINE void weights_add_one(Weights *w, double learning_rate, i64 arm, double loss) {
    if (loss == 0.0) return;
    double grown = w->loss[arm] + loss;
    double fresh = exponential(-learning_rate * (grown - w->shift));
    double total = w->total + (fresh - w->weight[arm]);
    w->loss[arm] = grown;
    w->weight[arm] = fresh;
    if (total < w->floor || w->updates >= 256) {
        weights_remade(w, learning_rate);
    } else {
        w->total = total;
        w->updates++;
    }
}

INLINE void weights_add_all(Weights *w, double learning_rate, const double *losses) {
    for (i64 i = 0; i < w->n; i++) {
        w->loss[i] += losses[i];
        w->weight[i] = exponential(-learning_rate * (w->loss[i] - w->shift));
    }
    w->total = sum_of(w->weight, w->n);
    w->updates = 0;
    if (w->total < w->floor) weights_remade(w, learning_rate);
}

#endif
