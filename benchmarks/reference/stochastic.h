/* Learners of stochastic bandits in plain C: UCB1, KL-UCB and Thompson sampling, as the package plays them. Included
   by switching.c, which has the loss processes and the loop. */

typedef struct {
    double *restrict plays, *restrict total, *restrict mean, *restrict derived, *restrict other;
    i64 last;
} Counts;

INLINE void counts_init(Counts *s, i64 n, double derived) {
    s->plays = calloc(5 * n, sizeof(double));
    s->total = s->plays + n;
    s->mean = s->total + n;
    s->derived = s->mean + n;
    s->other = s->derived + n;
    for (i64 i = 0; i < n; i++) s->derived[i] = derived;
    s->last = 0;
}

INLINE void counts_add(Counts *s, i64 arm, double loss) {
    s->plays[arm] += 1.0;
    s->total[arm] += loss;
    s->mean[arm] = s->total[arm] / s->plays[arm];
}

/* ---------------------------------------------------------------------------------------------------- UCB1 */

typedef struct {
    Counts counts;
    double ahead; /* sqrt(2 ln t) of the next round: computed before the search, which no processor foresees */
} ucb1;

INLINE void ucb1_init(ucb1 *s, const Game *g, Stream rng) {
    counts_init(&s->counts, g->n_actions, 0.0);
    s->ahead = 0.0;
}

INLINE i64 ucb1_act(ucb1 *s, const Game *g, i64 t, Stream rng) {
    double width = s->ahead, least = INFINITY;
    const double *restrict mean = s->counts.mean, *restrict part = s->counts.derived;
    i64 best = 0;
    s->ahead = sqrt(2.0 * log((double)t + 2.0));
    if (t < g->n_actions) return t;
    for (i64 i = 0; i < g->n_actions; i++) {
        double index = mean[i] - width * part[i];
        least = index < least ? index : least;
    }
    while (mean[best] - width * part[best] > least) best++;
    return best;
}

INLINE void ucb1_update(ucb1 *s, const Game *g, i64 t, i64 arm, const double *seen, Stream rng) {
    counts_add(&s->counts, arm, *seen);
    s->counts.derived[arm] = sqrt(1.0 / s->counts.plays[arm]);
}

INLINE void ucb1_free(ucb1 *s) { free(s->counts.plays); }

/* ---------------------------------------------------------------------------------------------------- KL-UCB */

typedef struct {
    Counts counts; /* derived and other: value at level 0 and slope of the index's tangent */
} kl_ucb;

RARE double kl_index(double mean, double level) {
    if (mean <= 0.0 || level <= 0.0) return fmax(mean, 0.0);
    if (mean >= 1.0) return exp(-level);
    double rest = 1.0 - mean, ln = log(mean), constant = rest * log(rest) - level;
    double q = mean - sqrt(2.0 * level * mean * rest) + level * (2.0 / 3.0) * (rest - mean);
    double x = 0.1 * mean < q && q < mean ? log(q) : ln + constant / mean;
    for (int i = 0; i < 60; i++) {
        q = exp(x);
        if (q >= mean) return mean;
        double step = (mean * (ln - x) + constant - rest * log(1.0 - q)) * (1.0 - q) / (mean - q);
        x += step;
        if (step * step <= 1e-16 * (ln - x)) break;
    }
    return fmin(exp(x), mean);
}

INLINE void kl_ucb_init(kl_ucb *s, const Game *g, Stream rng) { counts_init(&s->counts, g->n_actions, -INFINITY); }

INLINE double kl_ucb_index(Counts *s, i64 i, double level) {
    double mean = s->mean[i], plays = s->plays[i], q = kl_index(mean, level / plays);
    s->other[i] = q < mean ? q * (1.0 - q) / ((q - mean) * plays) : 0.0;
    s->derived[i] = q - s->other[i] * level;
    return q;
}

INLINE i64 kl_ucb_act(kl_ucb *l, const Game *g, i64 t, Stream rng) {
    Counts *s = &l->counts;
    if (t < g->n_actions) return t;
    double level = log((double)t + 1.0);
    i64 best = s->last;
    double least = kl_ucb_index(s, best, level);
    for (i64 i = 0; i < g->n_actions; i++) {
        if (i == s->last || s->derived[i] + s->other[i] * level > least) continue;
        double index = kl_ucb_index(s, i, level);
        if (index < least || (index == least && i < best)) {
            least = index;
            best = i;
        }
    }
    return best;
}

INLINE void kl_ucb_update(kl_ucb *l, const Game *g, i64 t, i64 arm, const double *seen, Stream rng) {
    counts_add(&l->counts, arm, *seen);
    l->counts.derived[arm] = -INFINITY;
    l->counts.last = arm;
}

INLINE void kl_ucb_free(kl_ucb *s) { free(s->counts.plays); }

/* ---------------------------------------------------------------------------------------------------- Thompson */

typedef struct {
    Counts counts; /* derived and other: edge (-1 for none) and chance of a draw beyond it */
    i64 leader;
    double fence, others, apart, due;
} thompson;

static const double HALF_STEP = 0x1p-54, PI = 3.14159265358979323846;

RARE double beta_draw(double a, double b, double from, double to, Stream rng, i64 t, u32 index, u32 step) {
    double low = fmin(a, b), high = fmax(a, b), total = a + b, drawn;
    double scale = sqrt((total - 2.0) / (2.0 * a * b - total)), shift = low + 1.0 / scale;
    for (Words w = words(rng, t, index);; w = words(rng, t, index += step)) {
        double u = unit(w.first) + HALF_STEP;
        if (low <= 1.0) {
            drawn = b == 1.0 ? exp(log(u) / a) : -expm1(log(u) / b);
        } else {
            double odds = scale * log(u / (1.0 - u)), x = low * exp(odds);
            double z = u * u * (unit(w.second) + HALF_STEP), r = shift * odds - log(4.0), s = low + r - x;
            if (s + (1.0 + log(5.0)) < 5.0 * z) {
                double ln = log(z);
                if (s < ln && r + total * log(total / (high + x)) < ln) continue;
            }
            drawn = a == low ? x / (high + x) : high / (high + x);
        }
        if (from < drawn && drawn < to) return drawn;
    }
}

INLINE double stirling_error(i64 k) {
    if (k < 16) return k == 0 ? 0.0 : lgamma(k + 1.0) - (k + 0.5) * log((double)k) + k - 0.5 * log(2.0 * PI);
    double inverse = 1.0 / k, square = inverse * inverse;
    return inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
}

RARE double binomial_mass(i64 n, double p, i64 k) {
    if (k == 0) return exp(n * log1p(-p));
    if (k == n) return exp(n * log(p));
    double mean = n * p, rest = n * (1.0 - p), excess = k - mean;
    double deviance = k * log1p(excess / mean) + (n - k) * log1p(-excess / rest);
    double error = stirling_error(n) - stirling_error(k) - stirling_error(n - k);
    return exp(error - deviance) * sqrt(n / (2.0 * PI * (double)(k * (n - k))));
}

RARE double chance_below(double a, double b, double edge) {
    if (edge >= 1.0) return 2.0;
    double n = a + b - 1.0, room = a - n * edge;
    if (room <= sqrt(n * edge * (1.0 - edge))) return 2.0;
    return a * binomial_mass((i64)n, edge, (i64)a) * (1.0 - edge) / room;
}

RARE double draw_below(double a, double b, double edge, Stream rng, i64 t, u32 index) {
    double rate = (a - (a + b - 1.0) * edge) / (1.0 - edge);
    Words w = words(rng, t, index);
    double y = -log(unit(w.first) + HALF_STEP) / rate, drawn = edge * exp(-y);
    double kept = (b - 1.0) * (log1p(-drawn) - log1p(-edge)) + (rate - a) * y;
    return log(unit(w.second) + HALF_STEP) < kept ? drawn : 2.0;
}

INLINE void thompson_init(thompson *s, const Game *g, Stream rng) {
    counts_init(&s->counts, g->n_actions, -1.0);
    s->leader = 0;
    s->fence = s->others = s->apart = 0.0;
    s->due = 16.0;
}

INLINE double posterior_draw(const Game *g, Counts *s, i64 i, double from, double to, Stream rng, i64 t) {
    double a = 1.0 + s->total[i], b = 1.0 + s->plays[i] - s->total[i];
    return beta_draw(a, b, from, to, rng, t, (u32)i, (u32)g->n_actions);
}

static const u32 COINS = 1u << 31;

INLINE double draw_if_below(Counts *s, i64 i, double edge, Stream rng, i64 t) {
    double a = 1.0 + s->total[i], b = 1.0 + s->plays[i] - s->total[i];
    return draw_below(a, b, edge, rng, t, COINS + 2 * (u32)i + 1);
}

RARE void set_edge(Counts *s, i64 i, double edge) {
    s->other[i] = chance_below(1.0 + s->total[i], 1.0 + s->plays[i] - s->total[i], edge);
    s->derived[i] = s->other[i] < 0.5 ? edge : -1.0;
}

INLINE i64 least_draw(thompson *l, const Game *g, double u, Stream rng, i64 t) {
    Counts *s = &l->counts;
    i64 best = s->last;
    double least = posterior_draw(g, s, best, -1.0, 2.0, rng, t);
    double missed = 1.0, above = 1.5 / sqrt(s->plays[best] + 1.0);
    for (i64 i = 0; i < g->n_actions; i++) {
        if (i == s->last) continue;
        double drawn = 2.0;
        if (s->derived[i] < least) {
            s->derived[i] = -1.0;
            if (1.0 + s->total[i] > (least + above) * (1.0 + s->plays[i])) set_edge(s, i, least + above);
        }
        if (s->derived[i] < 0.0) {
            drawn = posterior_draw(g, s, i, -1.0, 2.0, rng, t);
        } else if (u >= (missed *= 1.0 - s->other[i])) {
            drawn = draw_if_below(s, i, s->derived[i], rng, t);
            u = uniform(rng, t, COINS + 2 * (u32)i + 2);
            missed = 1.0;
        }
        if (drawn < least) {
            least = drawn;
            best = i;
        }
    }
    return best;
}

RARE void set_fence(thompson *l, const Game *g, i64 leader) {
    Counts *s = &l->counts;
    double n = s->plays[leader] + 2.0, mean = (s->total[leader] + 1.0) / n, room = INFINITY;
    double deviation = sqrt(mean * (1.0 - mean) / (n + 1.0));
    l->fence = l->others = 0.0;
    for (i64 i = 0; i < g->n_actions; i++) {
        if (i == leader) continue;
        double m = s->plays[i] + 2.0, other = (s->total[i] + 1.0) / m, wide = sqrt(other * (1.0 - other) / (m + 1.0));
        room = fmin(room, (other - mean) / (deviation + wide));
    }
    double fence = mean + (room + 0.5) * deviation, ones = s->total[leader], others = 1.0;
    if (!(mean < fence && fence < 1.0)) return;
    s->other[leader] = chance_below(1.0 + s->plays[leader] - ones, 1.0 + ones, 1.0 - fence);
    for (i64 i = 0; i < g->n_actions; i++) {
        if (others * (1.0 - s->other[leader]) < 0.5) return;
        if (i == leader) continue;
        set_edge(s, i, fence);
        others *= 1.0 - s->other[i];
    }
    l->fence = fence;
    l->others = others;
}

RARE i64 beyond_fence(thompson *l, const Game *g, double u, Stream rng, i64 t) {
    Counts *s = &l->counts;
    i64 leader = l->leader, best = leader;
    double from_top = 2.0, missed = 1.0 - s->other[leader], least = 2.0;
    if (u >= missed) {
        double ones = s->total[leader];
        u32 index = COINS + 2 * (u32)leader + 1;
        from_top = draw_below(1.0 + s->plays[leader] - ones, 1.0 + ones, 1.0 - l->fence, rng, t, index);
        u = uniform(rng, t, index + 1);
        missed = 1.0;
    }
    for (i64 i = 0; i < g->n_actions; i++) {
        if (i == leader || u < (missed *= 1.0 - s->other[i])) continue;
        double drawn = draw_if_below(s, i, l->fence, rng, t);
        u = uniform(rng, t, COINS + 2 * (u32)i + 2);
        missed = 1.0;
        if (drawn < least) {
            best = i;
            least = drawn;
        }
    }
    if (best != leader)
        return from_top == 2.0 && posterior_draw(g, s, leader, -1.0, l->fence, rng, t) < least ? leader : best;
    if (from_top == 2.0) return leader;
    least = 1.0 - from_top;
    for (i64 i = 0; i < g->n_actions; i++) {
        double drawn = i == leader ? 2.0 : posterior_draw(g, s, i, l->fence, 2.0, rng, t);
        if (drawn < least) {
            best = i;
            least = drawn;
        }
    }
    return best;
}

INLINE i64 thompson_act(thompson *l, const Game *g, i64 t, Stream rng) {
    double u = uniform(rng, t, COINS);
    if (u < l->apart) return l->leader;
    return l->apart > 0.0 ? beyond_fence(l, g, u, rng, t) : least_draw(l, g, u, rng, t);
}

INLINE double chance_after(thompson *l, i64 arm, double loss) {
    Counts *s = &l->counts;
    double a = s->total[arm] + 1.0, n = s->plays[arm] + 1.0, fence = l->fence;
    int leads = arm == l->leader;
    double shortage = leads ? n * fence - a + 1.0 : a - n * fence;
    double now = leads ? shortage + fence - loss : shortage + loss - fence;
    double chance = loss == 1.0 ? fence : 1.0 - fence, seen = loss == 1.0 ? a : n - a + 1.0;
    double after = s->other[arm] * (shortage * chance * (n + 1.0)) / (seen * now);
    return now > 0.0 ? after : 2.0;
}

INLINE void thompson_update(thompson *l, const Game *g, i64 t, i64 arm, const double *seen, Stream rng) {
    Counts *s = &l->counts;
    int fenced = l->apart > 0.0;
    if (fenced) {
        double before = s->other[arm];
        s->other[arm] = chance_after(l, arm, *seen);
        if (arm != l->leader) l->others *= (1.0 - s->other[arm]) / (1.0 - before);
        l->apart = l->others * (1.0 - s->other[l->leader]);
    }
    counts_add(s, arm, *seen);
    double plays = s->plays[arm];
    if (l->apart < 0.5) {
        l->apart = 0.0;
        s->derived[arm] = -1.0;
        if (fenced || arm != s->last) l->due = plays + 16.0;
    }
    if (plays >= l->due && (arm == l->leader || !fenced)) {
        l->due = 1.125 * plays + 16.0;
        l->leader = arm;
        set_fence(l, g, arm);
        l->apart = l->others * (1.0 - s->other[arm]);
    }
    s->last = arm;
}

INLINE void thompson_free(thompson *s) { free(s->counts.plays); }
