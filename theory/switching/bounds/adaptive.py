"""Bounds with high probability, and of learners that adapt to the losses or to the horizon.

**Tsallis-INF** on importance-weighted losses, eta_t = 2 / sqrt(t): the proof for blocks of `theory.switching.bounds`
with all lengths 1, (2 sqrt K - 2) sqrt T + (2 sqrt T - 1) sqrt K.

**Implicit exploration.** On every path, for every i,

    sum l_t(A_t) - Lhat_T(i) <= ln K / eta + (eta / 2 + gamma) sum_t sum_j lhat_t(j):

the weights' bound with p lhat <= 1, and <p, lhat> = l(A) - gamma sum_j lhat(j). With z = 2 gamma l / p,

    2 gamma lhat = z / (1 + gamma / p) <= z / (1 + z / 2) <= ln(1 + z)    (losses are at most 1),

so E exp(2 gamma (lhat_t(j) - l_t(j))) <= 1 and exp(2 gamma (Lhat(j) - L(j))) exceeds (K + 1) / delta with probability
at most delta / (K + 1), for each of K actions and, in the same way, for the sum over all of them. With gamma = eta / 2
the right side is at most ln K / eta + eta K T + ln((K + 1) / delta), while Lhat_T(i) is at most
L_T(i) + ln((K + 1) / delta) / eta.

**Experts.** As for EXP3, with q_t and yhat_t in the places of p_t and lhat_t: ln N / eta + (eta / 2) sum_t E sum_m
q_t(m) yhat_t(m)^2, and E sum_m q(m) yhat(m)^2 = sum_i (l(i)^2 / p(i)) sum_m q(m) xi(m, i)^2 <= sum_i max_m xi(m, i).
That is against the best expert, and against the best action where every action has an expert who always takes it.

**Falling rates.** ln K / eta_T in the place of ln K / eta, and eta_t in round t; sum of 1 / sqrt(t) <= 2 sqrt T.

**AdaHedge.** With m_t = -(1 / eta_t) ln <p_t, exp(-eta_t l_t)> and rates that fall, sum m_t <= L* + ln K / eta_T =
L* + Delta_(T-1), so the regret, sum (m_t - L* + delta_t), is at most 2 Delta_T. By Bernstein's inequality
delta_t / eta_t <= v_t / 2 + s_t delta_t / 3 with v_t the variance of the losses under p_t and s_t their range, hence

    Delta_T^2 <= sum (2 delta_t Delta_(t-1) + delta_t^2) <= V_T ln K + (2/3 ln K + 1) S Delta_T,

and Delta_T <= sqrt(V_T ln K) + (2/3 ln K + 1) S. For losses in [0, 1], V_T <= T / 4 and S <= 1.
"""

import sympy as sp

from theory.assumptions import learner_has, parameters_have
from theory.bound import DELTA, ETA, K, Source, Symbol, T, Tuning, found_in
from theory.switching.bounds.terms import BANDIT, FULL_INFORMATION, LOG_K, C, stated

BETA = Symbol("bonus", "beta", positive=True)
GAMMA = Symbol("exploration", "gamma", positive=True)

_TUNED = learner_has("scale 1", lambda learner: learner.scale == 1.0)
WEIGHTED = learner_has("importance-weighted estimates", lambda learner: learner.estimates == "importance-weighted")
_REDUCED = learner_has("reduced-variance estimates", lambda learner: learner.estimates == "reduced-variance")
_ZIMMERT = "Zimmert & Seldin 2021"
TSALLIS_INF = stated(
    "zimmert2021.tsallis_inf",
    "TsallisINF",
    BANDIT,
    4 * sp.sqrt(K * T) - 2 * sp.sqrt(T) - sp.sqrt(K) + C * (T - 1),
    Source(_ZIMMERT, "Theorem 3 (constants re-derived), and at most T - 1 switches", "arXiv:1807.07623"),
    "Tsallis-INF loses at most 4 sqrt(K T) more than the best action, whatever the losses and the horizon.",
    more=(_TUNED, WEIGHTED),
)
TSALLIS_INF_REDUCED = stated(
    "zimmert2021.tsallis_inf_reduced",
    "TsallisINF",
    BANDIT,
    2 * sp.sqrt(K * T) + 14 * K * sp.log(T) + 16 + C * (T - 1),
    Source(_ZIMMERT, "Theorem 1 (with 14 as in its proof for the 10 of the statement)", "arXiv:1807.07623"),
    "Estimates of reduced variance halve the leading constant, at the cost of a logarithm.",
    more=(_TUNED, _REDUCED),
)

_HALF_RATE = parameters_have(
    "gamma = eta / 2", lambda problem, params: params.exploration == 0.5 * params.learning_rate
)
EXP3_IX = stated(
    "neu2015.exp3_ix",
    "Exp3IX",
    BANDIT,
    LOG_K / ETA + ETA * K * T + (1 + 1 / ETA) * sp.log((K + 1) / DELTA) + C * (T - 1),
    Source("Neu 2015; Lattimore & Szepesvari 2020", "Theorem 12.1, for every learning rate", "arXiv:1506.03271"),
    "With probability 1 - delta EXP3-IX loses at most of order sqrt(K T ln(K / delta)) more than the best action.",
    more=(_HALF_RATE,),
    mode="probability",
)
EXP3_P = stated(
    "bubeck2012.exp3_p",
    "Exp3P",
    BANDIT,
    BETA * T * K + GAMMA * T + (1 + BETA) * ETA * K * T + sp.log(K / DELTA) / BETA + LOG_K / ETA + C * (T - 1),
    Source("Bubeck & Cesa-Bianchi 2012", "Theorem 3.3, equation (3.12)", "arXiv:1204.5721"),
    "With probability 1 - delta EXP3.P loses at most 5.15 sqrt(K T ln(K / delta)) more than the best action.",
    more=(
        parameters_have("gamma <= 1/2", lambda problem, params: params.exploration <= 0.5).where(
            sp.Le(GAMMA, sp.Rational(1, 2))
        ),
        parameters_have(
            "(1 + beta) K eta <= gamma",
            lambda problem, params: (
                (1.0 + params.bonus) * params.n_actions * params.learning_rate <= params.exploration
            ),
        ).where(sp.Le((1 + BETA) * K * ETA, GAMMA)),
    ),
    mode="probability",
)

ANYTIME_HEDGE = stated(
    "cesabianchi2006.anytime_hedge",
    "AnytimeHedge",
    FULL_INFORMATION,
    sp.sqrt(T * LOG_K) + C * (T - 1),
    Source("Cesa-Bianchi & Lugosi 2006", "Theorem 2.3 (constants re-derived), and at most T - 1 switches"),
    "Hedge with rates 2 sqrt(ln K / t) loses at most sqrt(T ln K) more than the best action, at every horizon.",
    more=(_TUNED,),
)
N = Symbol("n_experts", "N", positive=True, integer=True)
_ADVICE = Symbol("advice_size", "a", positive=True)
_EXPERTS = sp.log(N) / ETA + ETA * _ADVICE * T / 2
EXP4 = stated(
    "lattimore2020.exp4",
    "Exp4",
    BANDIT,
    _EXPERTS + C * (T - 1),
    Source("Lattimore & Szepesvari 2020", "Theorem 18.1, with a = mean of sum_i max_m xi(m, i) for its K (re-derived)"),
    "EXP4 loses at most sqrt(2 a T ln N) more than the best expert, where every action is an expert's.",
    Tuning(ETA, _EXPERTS),
    more=(
        parameters_have(
            "every action has an expert who always takes it",
            lambda problem, params: bool((params.advice == 1.0).all(axis=0).any(axis=0).all()),
        ),
    ),
)
ANYTIME_EXP3 = stated(
    "bubeck2012.anytime_exp3",
    "AnytimeExp3",
    BANDIT,
    2 * sp.sqrt(T * K * LOG_K) + C * (T - 1),
    Source("Bubeck & Cesa-Bianchi 2012", "Theorem 3.1, and at most T - 1 switches", "arXiv:1204.5721"),
    "EXP3 with rates sqrt(ln K / (K t)) loses at most 2 sqrt(T K ln K) more than the best action, at every horizon.",
    more=(_TUNED,),
)
ADAHEDGE = stated(
    "derooij2014.adahedge",
    "AdaHedge",
    FULL_INFORMATION,
    sp.sqrt(T * LOG_K) + sp.Rational(4, 3) * LOG_K + 2 + C * (T - 1),
    Source("de Rooij et al. 2014", "Theorem 8 (losses in [0, 1]; constants re-derived)", "arXiv:1301.0534"),
    "AdaHedge needs no tuning: its regret is about 2 sqrt(V ln K) at most, V the variance of its losses.",
)

ADAPTIVE_BOUNDS = found_in(vars())
