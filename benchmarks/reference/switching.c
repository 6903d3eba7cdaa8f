/* The learners of the switching family in plain C: a baseline for speed and an independent check of results.

   Each exported function plays repetitions first .. first + count - 1 to the horizon and writes five numbers per
   repetition: loss, switches, best fixed action's loss, excess of mean losses over the best arm's (where the losses
   have means), rounds with a clipped loss. */

#include "reference.h"

typedef struct {
    i64 n_actions, horizon;
    double learning_rate;
    i64 batch_length;
    const double *table;   /* (T, K) losses */
    const double *totals;  /* (T / 4096 + 1, K) sums of its first blocks of 4096 rounds */
    const double *mean;    /* (K,) means of Bernoulli losses */
    const u64 *digits;     /* (K,) their leading 64 binary digits */
    double gap, noise;     /* of the random walk */
} Game;

/* Wichura's AS 241, PPND16. */
RARE double normal_tail(double q, double u) {
    double r = sqrt(-logarithm(u < 1.0 - u ? u : 1.0 - u)), n, d;
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

/* ------------------------------------------------------------------------------------------------ losses
   A process P has a struct P and P_init, P_advance (make round t's losses), P_loss (an arm's), P_all (all of them, in
   `room` or where they already are), P_gap, P_best, P_clipped, P_free. */

typedef struct {
    u64 *bits, *undecided;
    i64 *ones;
    double least;
} bernoulli;

INLINE void bernoulli_init(bernoulli *p, const Game *g, Stream env) {
    p->bits = calloc(g->n_actions, sizeof *p->bits);
    p->undecided = calloc(g->n_actions, sizeof *p->undecided);
    p->ones = calloc(g->n_actions, sizeof *p->ones);
    p->least = g->mean[0];
    for (i64 i = 1; i < g->n_actions; i++) p->least = fmin(p->least, g->mean[i]);
}

/* 64 losses at once: compare 64 uniforms with the mean digit by digit until every comparison is decided. */
INLINE u64 decided(u64 digits, i64 block, i64 arm, u32 digit, u64 undecided, Stream env) {
    u64 below = 0, rest = digits << digit;
    Words pair = {0, 0};
    for (u32 drawn = digit; undecided && rest; drawn++, rest <<= 1) {
        if (!(drawn & 1)) pair = words(env, block, (u32)arm * 32 + drawn / 2);
        u64 word = drawn & 1 ? pair.second : pair.first;
        if (rest >> 63) {
            below |= undecided & ~word;
            undecided &= word;
        } else {
            undecided &= ~word;
        }
    }
    return below;
}

/* Two more digits of all arms; returns how many have bits undecided. */
INLINE i64 two_digits(const u64 *restrict digits, i64 n, i64 block, u32 digit, u64 *restrict bits,
                      u64 *restrict undecided, Stream env) {
    i64 left = 0;
    for (i64 arm = 0; arm < n; arm++) {
        Words pair = words(env, block, (u32)arm * 32 + digit / 2);
        u64 rest = digits[arm] << digit, still = undecided[arm], one = -(rest >> 63), below = still & ~pair.first & one;
        still &= ~(pair.first ^ one);
        one = -(rest << 1 >> 63);
        bits[arm] |= below | (still & ~pair.second & one);
        still &= ~(pair.second ^ one);
        undecided[arm] = rest << 2 ? still : 0;
        left += undecided[arm] != 0;
    }
    return left;
}

/* For many arms, the leading digits of all of them together. */
RARE void bernoulli_words(const u64 *digits, i64 n, i64 block, u64 *bits, u64 *undecided, Stream env) {
    memset(bits, 0, n * sizeof *bits);
    memset(undecided, 0xff, n * sizeof *undecided);
    u32 digit = 0;
    for (i64 left = n; 2 * left > n; digit += 2) left = two_digits(digits, n, block, digit, bits, undecided, env);
    for (i64 arm = 0; arm < n; arm++)
        if (undecided[arm]) bits[arm] |= decided(digits[arm], block, arm, digit, undecided[arm], env);
}

RARE void bernoulli_block(bernoulli *p, const Game *g, i64 block, Stream env) {
    for (i64 arm = 0; arm < g->n_actions; arm++) p->ones[arm] += __builtin_popcountll(p->bits[arm]);
    if (g->n_actions >= 16) bernoulli_words(g->digits, g->n_actions, block, p->bits, p->undecided, env);
    for (i64 arm = 0; arm < g->n_actions; arm++) {
        if (g->mean[arm] == 1.0)
            p->bits[arm] = ~(u64)0;
        else if (g->n_actions < 16)
            p->bits[arm] = decided(g->digits[arm], block, arm, 0, ~(u64)0, env);
    }
}

INLINE void bernoulli_advance(bernoulli *p, const Game *g, i64 t, Stream env) {
    if ((t & 63) == 0) bernoulli_block(p, g, t >> 6, env);
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
    free(p->undecided);
    free(p->ones);
}

/* A table's totals of whole blocks of 4096 rounds are made once for all repetitions, as the package does. */
typedef struct {
    double *open;
} table;

INLINE void table_init(table *p, const Game *g, Stream env) { p->open = malloc(g->n_actions * sizeof *p->open); }
INLINE void table_advance(table *p, const Game *g, i64 t, Stream env) {}
INLINE double table_loss(const table *p, const Game *g, i64 t, i64 arm) { return g->table[t * g->n_actions + arm]; }

INLINE const double *table_all(const table *p, const Game *g, i64 t, double *room) {
    return g->table + t * g->n_actions;
}

INLINE double table_gap(const table *p, const Game *g, i64 arm) { return 0.0; }
INLINE double table_best(const table *p, const Game *g) {
    i64 n = g->n_actions, block = g->horizon >> 12;
    double best = INFINITY;
    memset(p->open, 0, n * sizeof *p->open);
    for (i64 t = block << 12; t < g->horizon; t++)
        for (i64 i = 0; i < n; i++) p->open[i] += g->table[t * n + i];
    for (i64 i = 0; i < n; i++) best = fmin(best, g->totals[block * n + i] + p->open[i]);
    return best;
}
INLINE i64 table_clipped(const table *p) { return 0; }
INLINE void table_free(table *p) { free(p->open); }

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

/* ------------------------------------------------------------------------------------------------ many actions */

/* A complete binary tree of sums over the weights, for many actions of which one changes per round: leaves from
   `leaves` on, sums[j] = sums[2 j] + sums[2 j + 1], recomputed from the children and so without drift. */
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
    double total = exponential(-learning_rate * (grown - w->shift));
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

#define BATCHED(NAME, WEIGHTS, PREFIX, CHANCE) \
    typedef struct { \
        WEIGHTS weights; \
        i64 arm, start; \
        double batch_loss; \
    } NAME; \
    INLINE void NAME##_init(NAME *s, const Game *g, Stream rng) { \
        PREFIX##_init(&s->weights, g->n_actions); \
        s->arm = s->start = 0; \
        s->batch_loss = 0.0; \
    } \
    INLINE i64 NAME##_act(NAME *s, const Game *g, i64 t, Stream rng) { \
        return t == s->start ? PREFIX##_draw(&s->weights, uniform(rng, t, 0)) : s->arm; \
    } \
    INLINE void NAME##_update(NAME *s, const Game *g, i64 t, i64 arm, const double *seen, Stream rng) { \
        s->arm = arm; \
        s->batch_loss += *seen; \
        if (t + 1 < s->start + g->batch_length) return; \
        double estimate = s->batch_loss / (double)g->batch_length / (CHANCE); \
        PREFIX##_add_one(&s->weights, g->learning_rate, arm, estimate); \
        s->batch_loss = 0.0; \
        s->start = t + 1; \
    } \
    INLINE void NAME##_free(NAME *s) { PREFIX##_free(&s->weights); }

BATCHED(batched, Weights, weights, s->weights.weight[arm] / s->weights.total)
BATCHED(batched_tree, Tree, tree, s->weights.sums[s->weights.leaves + arm] / s->weights.sums[1])

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

/* Between redraws the dartboard only adds up losses; a uniform below 1 - eta keeps the action whatever its loss, and
   the other rounds of a word of 64 are found together. */
typedef struct {
    double *restrict loss, *restrict weight;
    i64 n, arm;
    double last;
    u64 doubtful;
} dartboard;

RARE u64 doubtful_rounds(Stream rng, i64 t, double certain) {
    u64 found = 0;
    for (i64 i = 0; i < 64; i++) found |= (u64)(uniform(rng, t + i, 0) >= certain) << i;
    return found;
}

INLINE void dartboard_init(dartboard *s, const Game *g, Stream rng) {
    s->n = g->n_actions;
    s->loss = calloc(s->n, sizeof(double));
    s->weight = malloc(s->n * sizeof(double));
    s->arm = 0;
    s->last = INFINITY;
    s->doubtful = doubtful_rounds(rng, 0, 1.0 - g->learning_rate) | 1;
}

INLINE i64 dartboard_act(dartboard *s, const Game *g, i64 t, Stream rng) {
    if (!(s->doubtful >> (t & 63) & 1)) return s->arm;
    Words pair = words(rng, t, 0);
    if (unit(pair.first) < exponential(-g->learning_rate * s->last)) return s->arm;
    double shift, total = weights_remake(s->loss, s->weight, s->n, g->learning_rate, &shift);
    return quantile(s->weight, s->n, total, unit(pair.second));
}

INLINE void dartboard_update(dartboard *s, const Game *g, i64 t, i64 arm, const double *seen, Stream rng) {
    for (i64 i = 0; i < s->n; i++) s->loss[i] += seen[i];
    s->arm = arm;
    s->last = seen[arm];
    if ((t & 63) == 63) s->doubtful = doubtful_rounds(rng, t + 1, 1.0 - g->learning_rate);
}

INLINE void dartboard_free(dartboard *s) {
    free(s->loss);
    free(s->weight);
}

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

RARE int redraw(perturbed *s, const Game *g, i64 t, const double *seen, Stream rng, i64 first, u64 open) {
    int fallen = 0;
    for (; open; open &= open - 1) {
        i64 i = first + __builtin_ctzll(open);
        double fresh = -log1p(-uniform(rng, t + 1, (u32)i)) / g->learning_rate;
        if (fresh < seen[i]) {
            s->perturbed[i] = s->loss[i] - fresh;
            fallen |= i == s->leader;
        }
    }
    return fallen;
}

INLINE void perturbed_update(perturbed *s, const Game *g, i64 t, i64 arm, const double *restrict seen, Stream rng) {
    double most = (1.0 + 0x1p-20) * g->learning_rate, *restrict loss = s->loss;
    int fallen = 0;
    for (i64 first = 0; first < g->n_actions; first += 64) {
        i64 here = g->n_actions - first < 64 ? g->n_actions - first : 64;
        u64 open = 0;
        for (i64 i = 0; i < here; i++) {
            loss[first + i] += seen[first + i];
            open |= (u64)(uniform(rng, t + 1, (u32)(first + i)) <= most * seen[first + i]) << i;
        } /* else -log1p(-u) >= u settles it */
        if (open) fallen |= redraw(s, g, t, seen, rng, first, open);
    }
    if (fallen) s->leader = least(s->perturbed, g->n_actions);
}

INLINE void perturbed_free(perturbed *s) {
    free(s->loss);
    free(s->perturbed);
}

#include "stochastic.h"

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
GAME(exp3_tree, table, ONE)
GAME(exp3_tree, walk, ONE)
GAME(batched, bernoulli, ONE)
GAME(batched, table, ONE)
GAME(batched, walk, ONE)
GAME(batched_tree, bernoulli, ONE)
GAME(batched_tree, table, ONE)
GAME(batched_tree, walk, ONE)
GAME(hedge, table, ALL)
GAME(hedge, walk, ALL)
GAME(dartboard, bernoulli, ALL)
GAME(dartboard, table, ALL)
GAME(dartboard, walk, ALL)
GAME(perturbed, table, ALL)
GAME(ucb1, bernoulli, ONE)
GAME(kl_ucb, bernoulli, ONE)
GAME(thompson, bernoulli, ONE)

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
