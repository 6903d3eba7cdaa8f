/* The learners of the switching family, and the threshold search, in plain C: a yardstick for speed and an independent check of results.

   The algorithms, the generator (Philox-4x32-10), the addresses of its draws and the order of every floating-point
   operation are those of the Python package, so the numbers agree bit for bit when both call the same libm. Compile
   with  cc -O3 -march=native -ffp-contract=off -fPIC -shared : contraction to fused multiply-adds would change the
   last bits, and the package does not use it.

   Each exported function of the switching family plays repetitions first .. first + count - 1 to the horizon and writes five numbers a
   repetition: loss, switches, best fixed action's loss, excess of mean losses over the best arm's (where the losses
   have means), rounds with a clipped loss. */

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

typedef struct {
    i64 n_actions, horizon;
    double learning_rate;
    i64 batch_length;
    const double *table;   /* (T, K) losses */
    const double *mean;    /* (K,) means of Bernoulli losses */
    const u64 *digits;     /* (K,) their leading 64 binary digits */
    double gap, noise;     /* of the random walk */
} Game;

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

/* Wichura's AS 241, PPND16. */
RARE double normal_tail(double q, double u) {
    double r = sqrt(-log(u < 1.0 - u ? u : 1.0 - u)), n, d;
    if (r <= 5.0) {
        r -= 1.6;
        n = 2.41780725177450611770e-1 + r * (2.27238449892691845833e-2 + r * 7.74545014278341407640e-4);
        n = 3.64784832476320460504e0 + r * (1.27045825245236838258e0 + r * n);
        n = 4.63033784615654529590e0 + r * (5.76949722146069140550e0 + r * n);
        n = 1.42343711074968357734e0 + r * n;
        d = 1.51986665636164571966e-2 + r * (5.47593808499534494600e-4 + r * 1.05075007164441684324e-9);
        d = 6.89767334985100004550e-1 + r * (1.48103976427480074590e-1 + r * d);
        d = 2.05319162663775882187e0 + r * (1.67638483018380384940e0 + r * d);
        d = 1.0 + r * d;
    } else {
        r -= 5.0;
        n = 1.24266094738807843860e-3 + r * (2.71155556874348757815e-5 + r * 2.01033439929228813265e-7);
        n = 2.96560571828504891230e-1 + r * (2.65321895265761230930e-2 + r * n);
        n = 5.46378491116411436990e0 + r * (1.78482653991729133580e0 + r * n);
        n = 6.65790464350110377720e0 + r * n;
        d = 1.84631831751005468180e-5 + r * (1.42151175831644588870e-7 + r * 2.04426310338993978564e-15);
        d = 1.48753612908506148525e-2 + r * (7.86869131145613259100e-4 + r * d);
        d = 5.99832206555887937690e-1 + r * (1.36929880922735805310e-1 + r * d);
        d = 1.0 + r * d;
    }
    return q < 0.0 ? -(n / d) : n / d;
}

INLINE double normal_quantile(double u) {
    static const double N[] = {2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
                               4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
                               1.3314166789178437745e2, 3.3871328727963666080e0};
    static const double D[] = {5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4,
                               2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2,
                               4.2313330701600911252e1, 1.0};
    double q = u - 0.5;
    if (fabs(q) > 0.425) return normal_tail(q, u);
    double r = 0.180625 - q * q, n = N[0], d = D[0];
    for (int i = 1; i < 8; i++) {
        n = N[i] + r * n;
        d = D[i] + r * d;
    }
    return q * n / d;
}

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

/* ------------------------------------------------------------------------------------------------ losses
   A process P has a struct P and P_init, P_advance (make round t's losses), P_loss (an arm's), P_all (all of them, in
   `room` or where they already are), P_gap, P_best, P_clipped, P_free. */

typedef struct {
    u64 *bits;
    i64 *ones;
    double least;
} bernoulli;

INLINE void bernoulli_init(bernoulli *p, const Game *g, Stream env) {
    p->bits = calloc(g->n_actions, sizeof *p->bits);
    p->ones = calloc(g->n_actions, sizeof *p->ones);
    p->least = g->mean[0];
    for (i64 i = 1; i < g->n_actions; i++) p->least = fmin(p->least, g->mean[i]);
}

/* 64 losses at once: compare 64 uniforms with the mean digit by digit until every comparison is decided. */
RARE void bernoulli_block(u64 *bits, i64 *ones, const Game *g, i64 block, Stream env) {
    for (i64 arm = 0; arm < g->n_actions; arm++) {
        u64 undecided = ~(u64)0, below = 0, rest = g->digits[arm];
        ones[arm] += __builtin_popcountll(bits[arm]);
        if (g->mean[arm] == 1.0) {
            bits[arm] = ~(u64)0;
            continue;
        }
        Words pair = {0, 0};
        for (u32 drawn = 0; undecided && rest; drawn++, rest <<= 1) {
            if (!(drawn & 1)) pair = words(env, block, (u32)arm * 32 + drawn / 2);
            u64 word = drawn & 1 ? pair.second : pair.first;
            if (rest >> 63) {
                below |= undecided & ~word;
                undecided &= word;
            } else {
                undecided &= ~word;
            }
        }
        bits[arm] = below;
    }
}

INLINE void bernoulli_advance(bernoulli *p, const Game *g, i64 t, Stream env) {
    if ((t & 63) == 0) bernoulli_block(p->bits, p->ones, g, t >> 6, env);
}

INLINE double bernoulli_loss(const bernoulli *p, const Game *g, i64 t, i64 arm) {
    return (double)(p->bits[arm] >> (t & 63) & 1);
}

INLINE const double *bernoulli_all(const bernoulli *p, const Game *g, i64 t, double *room) {
    for (i64 i = 0; i < g->n_actions; i++) room[i] = bernoulli_loss(p, g, t, i);
    return room;
}

INLINE double bernoulli_gap(const bernoulli *p, const Game *g, i64 arm) { return g->mean[arm] - p->least; }

INLINE double bernoulli_best(const bernoulli *p, const Game *g) {
    i64 best = g->horizon;
    for (i64 i = 0; i < g->n_actions; i++) {
        i64 total = p->ones[i] + __builtin_popcountll(p->bits[i] << (63 - ((g->horizon - 1) & 63)));
        if (total < best) best = total;
    }
    return (double)best;
}

INLINE i64 bernoulli_clipped(const bernoulli *p) { return 0; }

INLINE void bernoulli_free(bernoulli *p) {
    free(p->bits);
    free(p->ones);
}

typedef struct {
    double best;
} table;

/* The totals of a table, added up anew in every repetition, as the package does. */
static double table_least_total(const Game *g) {
    i64 n = g->n_actions;
    double *restrict closed = calloc(n, sizeof *closed), *restrict open = calloc(n, sizeof *open), best = INFINITY;
    for (i64 t = 0; t < g->horizon; t++) {
        for (i64 i = 0; i < n; i++) open[i] += g->table[t * n + i];
        if ((t & 4095) != 4095) continue;
        for (i64 i = 0; i < n; i++) {
            closed[i] += open[i];
            open[i] = 0.0;
        }
    }
    for (i64 i = 0; i < n; i++) best = fmin(best, closed[i] + open[i]);
    free(closed);
    free(open);
    return best;
}

INLINE void table_init(table *p, const Game *g, Stream env) { p->best = 0.0; }
INLINE void table_advance(table *p, const Game *g, i64 t, Stream env) {}
INLINE double table_loss(const table *p, const Game *g, i64 t, i64 arm) { return g->table[t * g->n_actions + arm]; }

INLINE const double *table_all(const table *p, const Game *g, i64 t, double *room) {
    return g->table + t * g->n_actions;
}

INLINE double table_gap(const table *p, const Game *g, i64 arm) { return 0.0; }
INLINE double table_best(const table *p, const Game *g) { return table_least_total(g); }
INLINE i64 table_clipped(const table *p) { return 0; }
INLINE void table_free(table *p) {}

typedef struct {
    double steps[64], ancestor[64], good_loss, other_loss;
    i64 good, clipped;
    Sum good_total, other_total;
} walk;

INLINE void walk_init(walk *p, const Game *g, Stream env) {
    memset(p, 0, sizeof *p);
    p->good = (i64)(uniform(env, 0, 1) * (double)g->n_actions);
}

INLINE double clip(double x) { return x < 0.0 ? 0.0 : x > 1.0 ? 1.0 : x; }

/* The steps of 64 rounds at once: the uniforms in the vector units, none of it waiting for the learner. */
RARE void walk_fill(double *restrict steps, double noise, i64 t, Stream env) {
    for (int i = 0; i < 64; i++) steps[i] = ((double)(words(env, t + i, 0).first >> 11) + 0.5) * 0x1p-53;
    for (int i = 0; i < 64; i++) steps[i] = noise * normal_quantile(steps[i]);
}

INLINE void walk_advance(walk *p, const Game *g, i64 t, Stream env) {
    if ((t & 63) == 0) walk_fill(p->steps, g->noise, t, env);
    double value = p->steps[t & 63];
    i64 now = t + 1, parent = now & (now - 1);
    if (parent) value += p->ancestor[__builtin_ctzll(parent)];
    p->ancestor[__builtin_ctzll(now)] = value;
    double height = 0.5 + value;
    p->other_loss = clip(height);
    p->good_loss = clip(height - g->gap);
    p->clipped += height > 1.0 || height - g->gap < 0.0;
    plus(&p->good_total, p->good_loss, t);
    plus(&p->other_total, p->other_loss, t);
}

INLINE double walk_loss(const walk *p, const Game *g, i64 t, i64 arm) {
    return arm == p->good ? p->good_loss : p->other_loss;
}

INLINE const double *walk_all(const walk *p, const Game *g, i64 t, double *room) {
    for (i64 i = 0; i < g->n_actions; i++) room[i] = walk_loss(p, g, t, i);
    return room;
}

INLINE double walk_gap(const walk *p, const Game *g, i64 arm) { return arm == p->good ? 0.0 : g->gap; }

INLINE double walk_best(const walk *p, const Game *g) {
    return fmin(p->good_total.closed + p->good_total.open, p->other_total.closed + p->other_total.open);
}

INLINE i64 walk_clipped(const walk *p) { return p->clipped; }
INLINE void walk_free(walk *p) {}

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

INLINE i64 weights_draw(const Weights *w, double u) {
    double target = u * w->total, cumulative = w->weight[0];
    i64 arm = 0;
    while (target >= cumulative && arm < w->n - 1) cumulative += w->weight[++arm];
    while (w->weight[arm] == 0.0 && arm > 0) arm--;
    return arm;
}

RARE double weights_remake(const double *loss, double *weight, i64 n, double learning_rate, double *least) {
    double shift = loss[0], total = 0.0;
    for (i64 i = 1; i < n; i++) shift = fmin(shift, loss[i]);
    for (i64 i = 0; i < n; i++) total += weight[i] = exp(-learning_rate * (loss[i] - shift));
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
    double fresh = exp(-learning_rate * (grown - w->shift));
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
    double total = 0.0;
    for (i64 i = 0; i < w->n; i++) {
        double grown = w->loss[i] + losses[i];
        double fresh = exp(-learning_rate * (grown - w->shift));
        w->loss[i] = grown;
        w->weight[i] = fresh;
        total += fresh;
    }
    w->total = total;
    w->updates = 0;
    if (total < w->floor) weights_remade(w, learning_rate);
}

/* A complete binary tree of sums over the weights, for many actions of which one changes a round: leaves from
   `leaves` on, sums[j] = sums[2 j] + sums[2 j + 1], made anew from the children and so without drift. */
typedef struct {
    double *restrict loss, *restrict sums;
    double shift, floor;
    i64 n, leaves;
} Tree;

static void tree_add_up(double *sums, i64 leaves) {
    for (i64 node = leaves - 1; node > 0; node--) sums[node] = sums[2 * node] + sums[2 * node + 1];
}

INLINE void tree_init(Tree *w, i64 n) {
    w->n = n;
    for (w->leaves = 1; w->leaves < n;) w->leaves *= 2;
    w->loss = calloc(n, sizeof(double));
    w->sums = calloc(2 * w->leaves, sizeof(double));
    for (i64 i = 0; i < n; i++) w->sums[w->leaves + i] = 1.0;
    tree_add_up(w->sums, w->leaves);
    w->shift = 0.0;
    w->floor = 0x1p-100 * (double)n;
}

INLINE void tree_free(Tree *w) {
    free(w->loss);
    free(w->sums);
}

INLINE i64 tree_draw(const Tree *w, double u) {
    double target = u * w->sums[1];
    i64 node = 1;
    while (node < w->leaves) {
        node *= 2;
        double beyond = target - w->sums[node];
        int right = beyond >= 0.0;
        node += right;
        target = right ? beyond : target;
    }
    while (w->sums[node] == 0.0 && node > w->leaves) node--;
    return node - w->leaves;
}

INLINE void tree_add_one(Tree *w, double learning_rate, i64 arm, double loss) {
    i64 node = w->leaves + arm;
    double grown = w->loss[arm] + loss;
    double total = exp(-learning_rate * (grown - w->shift));
    w->loss[arm] = grown;
    w->sums[node] = total;
    while (node > 1) {
        total += w->sums[node ^ 1];
        node >>= 1;
        w->sums[node] = total;
    }
    if (total >= w->floor) return;
    weights_remake(w->loss, w->sums + w->leaves, w->n, learning_rate, &w->shift);
    tree_add_up(w->sums, w->leaves);
    w->floor = 0x1p-100 * w->sums[1];
}

/* ------------------------------------------------------------------------------------------------ learners
   A learner L has a struct L and L_init, L_act, L_update, L_free; `seen` is the played arm's loss under bandit
   feedback and all losses under full information. */

typedef struct {
    Weights weights;
} exp3;

INLINE void exp3_init(exp3 *s, const Game *g, Stream rng) { weights_init(&s->weights, g->n_actions); }
INLINE i64 exp3_act(exp3 *s, const Game *g, i64 t, Stream rng) { return weights_draw(&s->weights, uniform(rng, t, 0)); }

INLINE void exp3_update(exp3 *s, const Game *g, i64 t, i64 arm, const double *seen, Stream rng) {
    if (*seen == 0.0) return; /* before the divisions, which the branch would wait for */
    double chance = s->weights.weight[arm] / s->weights.total;
    weights_add_one(&s->weights, g->learning_rate, arm, *seen / chance);
}

INLINE void exp3_free(exp3 *s) { weights_free(&s->weights); }

typedef struct {
    Tree weights;
} exp3_tree;

INLINE void exp3_tree_init(exp3_tree *s, const Game *g, Stream rng) { tree_init(&s->weights, g->n_actions); }

INLINE i64 exp3_tree_act(exp3_tree *s, const Game *g, i64 t, Stream rng) {
    return tree_draw(&s->weights, uniform(rng, t, 0));
}

INLINE void exp3_tree_update(exp3_tree *s, const Game *g, i64 t, i64 arm, const double *seen, Stream rng) {
    if (*seen == 0.0) return;
    double chance = s->weights.sums[s->weights.leaves + arm] / s->weights.sums[1];
    tree_add_one(&s->weights, g->learning_rate, arm, *seen / chance);
}

INLINE void exp3_tree_free(exp3_tree *s) { tree_free(&s->weights); }

typedef struct {
    Weights weights;
    i64 arm, start;
    double batch_loss;
} batched;

INLINE void batched_init(batched *s, const Game *g, Stream rng) {
    weights_init(&s->weights, g->n_actions);
    s->arm = s->start = 0;
    s->batch_loss = 0.0;
}

INLINE i64 batched_act(batched *s, const Game *g, i64 t, Stream rng) {
    return t == s->start ? weights_draw(&s->weights, uniform(rng, t, 0)) : s->arm;
}

INLINE void batched_update(batched *s, const Game *g, i64 t, i64 arm, const double *seen, Stream rng) {
    s->arm = arm;
    s->batch_loss += *seen;
    if (t + 1 < s->start + g->batch_length) return;
    double chance = s->weights.weight[arm] / s->weights.total;
    weights_add_one(&s->weights, g->learning_rate, arm, s->batch_loss / (double)g->batch_length / chance);
    s->batch_loss = 0.0;
    s->start = t + 1;
}

INLINE void batched_free(batched *s) { weights_free(&s->weights); }

typedef struct {
    Weights weights;
} hedge;

INLINE void hedge_init(hedge *s, const Game *g, Stream rng) { weights_init(&s->weights, g->n_actions); }

INLINE i64 hedge_act(hedge *s, const Game *g, i64 t, Stream rng) {
    return weights_draw(&s->weights, uniform(rng, t, 0));
}

INLINE void hedge_update(hedge *s, const Game *g, i64 t, i64 arm, const double *seen, Stream rng) {
    weights_add_all(&s->weights, g->learning_rate, seen);
}

INLINE void hedge_free(hedge *s) { weights_free(&s->weights); }

typedef struct {
    Weights weights;
    i64 arm;
    double keep;
} dartboard;

INLINE void dartboard_init(dartboard *s, const Game *g, Stream rng) {
    weights_init(&s->weights, g->n_actions);
    s->arm = 0;
    s->keep = 0.0;
}

INLINE i64 dartboard_act(dartboard *s, const Game *g, i64 t, Stream rng) {
    if (s->keep == 1.0) return s->arm;
    Words pair = words(rng, t, 0);
    return unit(pair.first) < s->keep ? s->arm : weights_draw(&s->weights, unit(pair.second));
}

INLINE void dartboard_update(dartboard *s, const Game *g, i64 t, i64 arm, const double *seen, Stream rng) {
    s->arm = arm;
    s->keep = exp(-g->learning_rate * seen[arm]);
    weights_add_all(&s->weights, g->learning_rate, seen);
}

INLINE void dartboard_free(dartboard *s) { weights_free(&s->weights); }

typedef struct {
    double *loss, *perturbed;
    i64 leader;
} perturbed;

INLINE i64 least(const double *values, i64 n) {
    i64 best = 0;
    for (i64 i = 1; i < n; i++)
        if (values[i] < values[best]) best = i;
    return best;
}

INLINE void perturbed_init(perturbed *s, const Game *g, Stream rng) {
    s->loss = calloc(g->n_actions, sizeof(double));
    s->perturbed = malloc(g->n_actions * sizeof(double));
    for (i64 i = 0; i < g->n_actions; i++)
        s->perturbed[i] = -(-log1p(-uniform(rng, 0, (u32)i)) / g->learning_rate);
    s->leader = least(s->perturbed, g->n_actions);
}

INLINE i64 perturbed_act(perturbed *s, const Game *g, i64 t, Stream rng) { return s->leader; }

INLINE void perturbed_update(perturbed *s, const Game *g, i64 t, i64 arm, const double *seen, Stream rng) {
    int fallen = 0;
    for (i64 i = 0; i < g->n_actions; i++) {
        s->loss[i] += seen[i];
        double u = uniform(rng, t + 1, (u32)i);
        if (u > (1.0 + 0x1p-20) * g->learning_rate * seen[i]) continue; /* -log1p(-u) >= u settles it */
        double fresh = -log1p(-u) / g->learning_rate;
        if (fresh < seen[i]) {
            s->perturbed[i] = s->loss[i] - fresh;
            fallen |= i == s->leader;
        }
    }
    if (fallen) s->leader = least(s->perturbed, g->n_actions);
}

INLINE void perturbed_free(perturbed *s) {
    free(s->loss);
    free(s->perturbed);
}

/* ------------------------------------------------------------------------------------------------ the games */

#define ONE(P) \
    double own = P##_loss(&losses, &game, t, arm); \
    const double *seen = &own;

#define ALL(P) \
    const double *seen = P##_all(&losses, &game, t, revealed); \
    double own = seen[arm];

#define GAME(L, P, FEEDBACK) \
    void L##_##P(const Game *given, u64 seed, i64 first, i64 count, double *out) { \
        const Game game = *given; \
        double *restrict revealed = malloc(game.n_actions * sizeof(double)); \
        for (i64 r = 0; r < count; r++, out += 5) { \
            Stream rng = stream(seed, (u32)(first + r), LEARNER), env = stream(seed, (u32)(first + r), ENVIRONMENT); \
            L learner; \
            P losses; \
            Sum loss = {0, 0}, excess = {0, 0}; \
            i64 last = -1, switches = 0; \
            L##_init(&learner, &game, rng); \
            P##_init(&losses, &game, env); \
            for (i64 t = 0; t < game.horizon; t++) { \
                i64 arm = L##_act(&learner, &game, t, rng); \
                P##_advance(&losses, &game, t, env); \
                FEEDBACK(P) \
                switches += arm != last && t > 0; \
                last = arm; \
                plus(&loss, own, t); \
                plus(&excess, P##_gap(&losses, &game, arm), t); \
                L##_update(&learner, &game, t, arm, seen, rng); \
            } \
            out[0] = loss.closed + loss.open; \
            out[1] = (double)switches; \
            out[2] = P##_best(&losses, &game); \
            out[3] = excess.closed + excess.open; \
            out[4] = (double)P##_clipped(&losses); \
            L##_free(&learner); \
            P##_free(&losses); \
        } \
        free(revealed); \
    }

GAME(exp3, bernoulli, ONE)
GAME(exp3, table, ONE)
GAME(exp3, walk, ONE)
GAME(exp3_tree, bernoulli, ONE)
GAME(exp3_tree, walk, ONE)
GAME(batched, bernoulli, ONE)
GAME(batched, table, ONE)
GAME(batched, walk, ONE)
GAME(hedge, table, ALL)
GAME(hedge, walk, ALL)
GAME(dartboard, bernoulli, ALL)
GAME(dartboard, table, ALL)
GAME(dartboard, walk, ALL)
GAME(perturbed, table, ALL)

/* The walk's stream alone: no learner, no accounting but the two totals. */
void stream_walk(const Game *given, u64 seed, i64 first, i64 count, double *out) {
    const Game game = *given;
    for (i64 r = 0; r < count; r++, out += 5) {
        Stream env = stream(seed, (u32)(first + r), ENVIRONMENT);
        walk losses;
        walk_init(&losses, &game, env);
        for (i64 t = 0; t < game.horizon; t++) walk_advance(&losses, &game, t, env);
        out[0] = losses.other_total.closed + losses.other_total.open;
        out[1] = 0.0;
        out[2] = walk_best(&losses, &game);
        out[3] = 0.0;
        out[4] = (double)losses.clipped;
    }
}

/* ------------------------------------------------------------------------------------------------ threshold search
   Optimistic Feasible Search with the reward's bound and those of the parity pair, on a cheap environment: a reward
   of 0 or 1 and a gap of acceptance rates uniform around the threshold's own. Writes rewards, switches and the sum of
   the arms played. */

typedef struct {
    i64 n_actions, horizon;
    double reward_radius, parity_radius, tolerance, information;
    const double *chance, *gap;
} Search;

typedef struct {
    double *plays, *reward, *residual, *seen, *optimistic, *excess;
} Bounds;

/* The next choice, the highest value of another feasible arm, and the least excess of the others. */
RARE i64 search_lead(const double *value, const double *excess, i64 n, double *rival, double *rival_excess) {
    i64 best = -1, least = 0;
    double highest = -INFINITY, smallest = INFINITY;
    for (i64 i = 0; i < n; i++) {
        if (excess[i] == 0.0) {
            if (best < 0 || value[i] > highest) {
                best = i;
                highest = value[i];
            }
        } else if (excess[i] < smallest) {
            least = i;
            smallest = excess[i];
        }
    }
    i64 leader = best >= 0 ? best : least;
    *rival = -INFINITY;
    *rival_excess = INFINITY;
    for (i64 i = 0; i < n; i++) {
        if (i == leader) continue;
        if (excess[i] < *rival_excess) *rival_excess = excess[i];
        if (excess[i] == 0.0 && value[i] > *rival) *rival = value[i];
    }
    return leader;
}

INLINE int search_leads(double value, double excess, double rival, double rival_excess) {
    return excess == 0.0 ? value > rival : excess < rival_excess;
}

INLINE void search_learn(const Bounds *b, const Search *g, i64 arm, double reward, const double *residuals) {
    double total = 0.0;
    b->plays[arm] += 1.0;
    b->reward[arm] += (reward - b->reward[arm]) / b->plays[arm];
    for (int j = 0; j < 2; j++) {
        double *mean = b->residual + 2 * arm + j, *seen = b->seen + 2 * arm + j;
        *seen += g->information;
        *mean += g->information / *seen * (residuals[j] - *mean);
        double beyond = *mean - g->parity_radius / sqrt(*seen);
        total += beyond > 0.0 ? beyond : 0.0;
    }
    b->optimistic[arm] = b->reward[arm] + g->reward_radius / sqrt(b->plays[arm]);
    b->excess[arm] = total;
}

void threshold_search(const Search *given, u64 seed, i64 first, i64 count, double *out) {
    const Search game = *given;
    const i64 n = game.n_actions;
    double *room = malloc(8 * n * sizeof(double));
    Bounds b = {room, room + n, room + 2 * n, room + 4 * n, room + 6 * n, room + 7 * n};
    for (i64 r = 0; r < count; r++, out += 3) {
        Stream env = stream(seed, (u32)(first + r), ENVIRONMENT);
        i64 last = -1, rewards = 0, switches = 0, arms = 0;
        memset(room, 0, 8 * n * sizeof(double));
        for (i64 i = 0; i < n; i++) b.optimistic[i] = INFINITY;
        i64 arm = 0;
        double rival = INFINITY, rival_excess = 0.0;
        for (i64 t = 0; t < game.horizon; t++) {
            Words pair = words(env, t, 0);
            i64 won = unit(pair.first) < game.chance[arm];
            double gap = game.gap[arm] + (unit(pair.second) - 0.5);
            double residuals[2] = {gap - game.tolerance, -gap - game.tolerance};
            rewards += won;
            switches += arm != last && t > 0;
            arms += arm;
            last = arm;
            search_learn(&b, &game, arm, (double)won, residuals);
            if (!search_leads(b.optimistic[arm], b.excess[arm], rival, rival_excess))
                arm = search_lead(b.optimistic, b.excess, n, &rival, &rival_excess);
        }
        out[0] = (double)rewards;
        out[1] = (double)switches;
        out[2] = (double)arms;
    }
    free(room);
}
