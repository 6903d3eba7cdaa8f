"""Valid arguments for every checked function; `checked_functions()` finds them by itself."""

import importlib
import inspect
import pkgutil
from fractions import Fraction
from functools import cache

import numpy as np

import bandits
import theory
from bandits import (
    contextual,
    delays,
    language,
    loops,
    losses,
    one_sided,
    partial,
    preference,
    stochastic,
    switching,
    threshold,
)
from tests.small_games import (
    AUDITOR,
    COINS,
    FEATURES,
    HORIZON,
    LANGUAGES,
    PAGING,
    POOLS,
    RPS,
    SELECTION,
    TABLE,
    contextual_game,
    one_sided_game,
    preference_game,
    signal_game,
    switching_game,
    threshold_game,
)
from theory.stochastic.exact import policies

_RATE = {"losses": TABLE[:4], "learning_rate": 0.5}
_SAMPLES = {"samples": np.linspace(0, 1, 40), "low": 0.0, "high": 1.0, "alpha": 0.125}
_GRID = {"grid": [8, 16, 32, 64, 128, 256, 512, 1024], "resamples": 10}
_GRID["samples"] = np.sqrt(np.array(_GRID["grid"])) * np.linspace(1.0, 1.5, 5)[:, None]
_SIZES = {"n_states": 3, "n_actions": 2, "n_stages": 2, "horizon": 8}
_LAW = [0.5, 0.25, 0.25]
_COUNTED = policies.LAWS["epsilon_greedy"](stochastic.EpsilonGreedy().parameters(switching_game()))
_STEADY = switching_game(losses=losses.LossTable(TABLE))
_PLAYED = {"bound": "bubeck2012.exp3", "problem": _STEADY, "learner": switching.Exp3()}
_SELF_PLAY = {"problem": preference_game(), "learner": preference.NashMP()}

FUNCTIONS = {
    "bandits.combine.blocked": {"learner": switching.Exp3(0.25), "length": 4},
    "bandits.combine.observed": {"problem": one_sided_game(), "probe": one_sided.ViolationsByVotes()},
    "bandits.losses.bernoulli.BernoulliLosses.with_gap": {"n_actions": 3, "gap": 0.125},
    "bandits.one_sided.auditors.Panel.with_fraction": {"auditors": [AUDITOR], "gamma": Fraction(1, 2)},
    "bandits.one_sided.auditors.votes_needed": {"gamma": Fraction(1, 2), "n_auditors": 5},
    "bandits.one_sided.hypotheses.Listed.stumps": {"n_kinds": 3},
    "bandits.one_sided.hypotheses.Listed.subsets": {"n_kinds": 3},
    "bandits.one_sided.reduction.reduce": {"predictions": [0, 1], "labels": [1, 1], "pair": (0, 1), "copies": 2},
    "bandits.one_sided.reduction.policy_error": {"acceptance": [0.5, 0.25], "labels": [0, 1]},
    "bandits.one_sided.reduction.lagrangian_loss": {
        "acceptance": [0.5, 0.25],
        "labels": [0, 1],
        "pair": (0, 1),
        "price": 0.5,
    },
    "bandits.one_sided.examples.three_points": {"horizon": HORIZON},
    "bandits.one_sided.examples.lending": {"horizon": HORIZON},
    "bandits.one_sided.examples.lending_panels": {"votes": 3},
    "bandits.one_sided.examples.applicants": {"horizon": HORIZON},
    "bandits.one_sided.examples.label_drift": {"horizon": HORIZON, "block": 3},
    "bandits.one_sided.examples.hidden_outcomes": {"horizon": HORIZON, "chances": [0.5, 0.75]},
    "bandits.one_sided.examples.nobody_audits": {"n_kinds": 3},
    "bandits.preference.self_play.conventions.weight_from_inverse_step": {"inverse_step": 0.5, "regularization": 0.25},
    "bandits.preference.self_play.conventions.weight_from_logit_step": {"step": 0.5, "regularization": 0.25},
    "bandits.preference.self_play.conventions.weight_from_magnet_step": {"step": 0.5},
    "bandits.preference.self_play.conventions.weight_from_mirror_prox_step": {"step": 0.5, "regularization": 0.25},
    "bandits.preference.density.fit_density": {"wins": RPS},
    "bandits.preference.density.mixture_fit": {"weights": [0.5, 0.5], "densities": [_LAW, _LAW]},
    "bandits.preference.coarse.cce_gap": {"payoffs": [RPS, RPS], "weights": [1.0], "policies": [[_LAW], [_LAW]]},
    "bandits.preference.coarse.sparsest_cce": {"payoffs": [RPS, RPS]},
    "bandits.preference.identities.pair_loss": {"chosen": [0.5, 1.0], "rejected": [0.25, 0.0]},
    "bandits.preference.identities.binary_loss": {"chosen": [0.5, 1.0], "rejected": [0.25, 0.0], "shift": 0.5},
    "bandits.preference.identities.entropy_slope": {"policy": _LAW, "advantages": [0.5, 1.0, 0.0]},
    "bandits.preference.equilibria.von_neumann_winner": {"preferences": RPS},
    "bandits.preference.equilibria.regularized_nash": {"preferences": RPS, "regularization": 0.25, "reference": _LAW},
    "bandits.preference.equilibria.log_regularized_nash": {
        "preferences": RPS,
        "regularization": 0.25,
        "reference": _LAW,
    },
    "bandits.preference.games.rock_paper_scissors": {},
    "bandits.preference.games.from_wins": {"wins": [[0.0, 3.0], [1.0, 0.0]], "pseudo_count": 0.5},
    "bandits.preference.games.biased_rock_paper_scissors": {"first": 0.125, "second": 0.25, "third": 0.5},
    "bandits.preference.games.condorcet_cycle": {"n_actions": 3, "advantage": 0.25},
    "bandits.preference.games.three_raters": {"epsilon": 0.25},
    "bandits.preference.games.arithmetic": {"n_actions": 3},
    "bandits.preference.games.bradley_terry": {"rewards": [0.5, 0.25, 1.0]},
    "bandits.preference.games.luce": {"density": _LAW},
    "bandits.preference.games.annotator_mixture": {"weights": [0.5, 0.5], "rewards": [_LAW, _LAW]},
    "bandits.preference.games.blade_chest": {"blades": FEATURES, "chests": FEATURES},
    "bandits.preference.games.disc": {"x": FEATURES, "y": FEATURES, "strengths": [0.5, 1.0], "rewards": FEATURES[:, 0]},
    "bandits.preference.games.uniform_random": {"n_actions": 3, "rng": 3},
    "bandits.preference.games.tournament": {"n_actions": 3, "rng": 3},
    "bandits.preference.games.skew_gaussian": {"n_actions": 3, "scale": 0.5, "rng": 3},
    "bandits.preference.games.low_rank": {"n_actions": 3, "rank": 2, "scale": 0.5, "rng": 3},
    "bandits.preference.self_play.inpo.stability": {"preferences": RPS, "policy": _LAW, "regularization": 0.25},
    "bandits.preference.trajectories.problem.tabular_mdp": {
        "rewards": np.full((2, 2, 2), 0.5),
        "transitions": np.full((2, 2, 2, 2), 0.5),
        "horizon": 8,
    },
    "bandits.preference.trajectories.problem.random_tabular_mdp": _SIZES,
    "bandits.preference.trajectories.problem.random_linear_mdp": _SIZES | {"n_features": 2},
    "bandits.preference.self_play.nash_mp.least_prox_weight": {"regularization": 0.25},
    "bandits.preference.self_play.policy_gradient.mixture_fixed_point": {
        "preferences": RPS,
        "regularization": 0.25,
        "reference": _LAW,
        "mixture": 0.5,
    },
    "bandits.preference.trajectories.pr_lsvi.query_cap": {
        "threshold": 0.5,
        "reward_scale": 0.5,
        "ridge": 1.0,
        "dimension": 3,
        "largest_difference": 2.0,
    },
    "bandits.preference.stackelberg.game.stackelberg_gda": {
        "game": preference.StackelbergGame(RPS, 0.25, 0.25),
        "rounds": 3,
        "leader_rate": 0.125,
    },
    "bandits.preference.stackelberg.game.hit_probabilities": {"leader": _LAW, "follower": _LAW, "draws": 3},
    "sims.engines.policies.trajectory": _SELF_PLAY | {"rounds": 3},
    "bandits.preference.duels.vpo.value_incentivized_rewards": {"wins": RPS, "optimism": 0.5, "bound": 2.0},
    "bandits.stochastic.problem.stochastic_bandit": {"rewards": [0.5, 0.25], "horizon": HORIZON},
    "bandits.threshold.pools.split_pools": POOLS,
    "bandits.threshold.problem.late_average": {"rounds": [2, 4, 8], "totals": [1.0, 2.0, 4.0]},
    "bandits.threshold.suggestions.price_of_checking": {"check": 2.0, "saved": 5.0},
    "bandits.contextual.gap_weighting.certified": {
        "game": contextual_game(),
        "learner": contextual.InverseGapWeighting(),
    },
    "bandits.contextual.oracles.regress": {
        "oracle": contextual.Ridge(),
        "features": FEATURES,
        "values": FEATURES[:, 0],
    },
    "bandits.contextual.routing.routing_world": {
        "slopes": [[0.5, -0.25], [0.0, 0.5]],
        "offsets": [0.5, 0.25],
        "costs": [1.0, 0.25],
        "queries": [[0.5, 0.25], [0.25, 0.5]],
        "preferences": [0.0, 0.5],
    },
    "bandits.contextual.examples.screening_world": {},
    "bandits.contextual.examples.two_items": {},
    "bandits.loops.missing.clipped_estimate": {"clicks": [1, 0], "exposure": [0.5, 0.25]}
    | {"relevant_loss": [0.0, 0.5], "other_loss": [1.0, 0.25]},
    "bandits.loops.missing.clipped_moments": {"exposure": [0.5, 0.25], "relevance": [0.5, 0.25]}
    | {"relevant_loss": [0.0, 0.5], "other_loss": [1.0, 0.25]},
    "bandits.loops.missing.best_clip": {"exposure": [0.5, 0.25], "relevance": [0.5, 0.25]}
    | {"relevant_loss": [0.0, 0.5], "other_loss": [1.0, 0.25], "copies": 3},
    "bandits.contextual.worlds.linear_world": {},
    "bandits.contextual.worlds.policy_world": {},
    "bandits.graphs.graph.FeedbackGraph.cliques": {"count": 2, "size": 3},
    "bandits.graphs.graph.FeedbackGraph.path": {"n_actions": 3},
    "bandits.graphs.graph.FeedbackGraph.revealing": {"n_actions": 3},
    "bandits.graphs.graph.FeedbackGraph.star": {"n_actions": 3},
    "bandits.language.world.WordWorld.password": {"symbols": 3, "length": 2},
    "bandits.language.world.WordWorld.word_list": {"words": ["ab", "ac", "bb"]},
    "bandits.language.world.WordWorld.number_guess": {"n": 3},
    "theory.loops.exact.herd.herd_law": {"problem": loops.PrivateHerd(4), "epsilon": 0.5},
    "theory.loops.exact.herd.log_survival": {"epsilon": 0.5, "sigma": 1.0, "agents": 4},
    "theory.loops.exact.herd.tail_exponent": {"epsilon": 0.5, "sigma": 1.0},
    "theory.loops.exact.herd.learning_speed": {"epsilon": 0.5, "sigma": 1.0, "log_ratio": 2.0},
    "theory.loops.exact.herd.budget_growth": {"sigma": 1.0, "highest": 0.5},
    "theory.loops.exact.herd.shrinking_growth": {"sigma": 1.0, "scale": 0.5},
    "theory.loops.exact.herd.wrong_report_slope": {"epsilon": 0.5, "sigma": 1.0},
    "theory.loops.exact.herd.binary_cascade": {"accuracy": 0.75, "epsilon": 0.5},
    "bandits.episodes.lock.revealing_constant": {"emissions": [[0.75, 0.25], [0.5, 0.5]]},
    "theory.episodes.exact.lock_regret": {"horizon": 8, "n_bits": 2, "gap": 0.25, "reliability": 0.5, "reveals": 3},
    "theory.episodes.exact.coverability": {"laws": [[0.75, 0.25], [0.5, 0.5]]},
    "theory.episodes.exact.coverage_potential": {"laws": [[0.75, 0.25], [0.5, 0.5]]},
    "bandits.loops.replay.closure_dimension": {"languages": LANGUAGES},
    "bandits.loops.replay.every_adversary": {"language": LANGUAGES[1], "horizon": 3},
    "bandits.loops.replay.random_adversary": {"language": LANGUAGES[1], "horizon": 3},
    "bandits.episodes.mdp.chain": {"steps": 3},
    "bandits.episodes.mdp.random_mdp": {"n_states": 2, "n_actions": 2, "steps": 2},
    "theory.episodes.exact.paid_value": {"horizon": 8, "gap": 0.5},
    "theory.episodes.exact.free_value": {"horizon": 8, "gap": 0.5},
    "theory.episodes.exact.commit_cost": {"horizon": 8, "gap": 0.5, "probes": 3},
    "theory.loops.exact.data.amplification": {"start": 5, "people": 2, "model": 3, "rounds": 4},
    "theory.loops.exact.data.sampler_variance": {"share": 0.25, "start": 5, "people": 2, "model": 3, "rounds": 4},
    "theory.loops.exact.data.urn_law": {"ones": 2, "zeros": 3, "rounds": 4},
    "theory.loops.exact.exposure.click_law": {"relevance": [0.5, 0.25], "start": 1.5, "clicks": 3},
    "theory.loops.exact.exposure.expected_concentration": {"n_items": 3, "relevance": 0.5, "start": 1.5, "rounds": 4},
    "bandits.prediction.traces.read_trace": {"path": __file__},
    "bandits.prediction.traces.cyclic_trace": {"pages": 3, "horizon": HORIZON},
    "bandits.prediction.traces.zipf_trace": {"pages": 3, "horizon": HORIZON},
    "bandits.prediction.traces.phased_trace": {"pages": 5, "horizon": HORIZON, "working_set": 3, "length": 4},
    "theory.prediction.exact.redundancy.redundancy": {"thetas": [0.25, 0.5], "truth": 0.5, "n": 4},
    "theory.prediction.exact.redundancy.subset_bound": {"thetas": [0.25, 0.5], "truth": 0.5, "n": 4},
    "theory.prediction.exact.redundancy.shtarkov": {"n": 4},
    "theory.prediction.exact.redundancy.worst_regret": {"n": 4, "added": 0.5},
    "theory.prediction.exact.selection.expected_regret": {"game": SELECTION},
    "theory.prediction.exact.paging.expected_misses": {"game": PAGING, "rule": "Marker"},
    "theory.language.exact.transfer_eluder_dimension": {"world": language.WordWorld.password(2, 2)},
    "theory.language.exact.least_mistakes": {"world": language.WordWorld.password(2, 2)},
    "bandits.convex.group_tables.synthetic_groups": {"n": 20},
    "bandits.convex.group_tables.compas_groups": {},
    "bandits.convex.group_tables.german_credit_groups": {},
    "bandits.partial.game.FiniteGame.full_information": {"losses": TABLE[:3]},
    "bandits.partial.game.FiniteGame.bandit": {"losses": TABLE[:3]},
    "bandits.partial.game.FiniteGame.label_efficient": {"query_cost": 0.5},
    "bandits.partial.game.FiniteGame.utility_duelling": {"n_arms": 3},
    "bandits.partial.certificate.certified": {"problem": signal_game(), "learner": partial.Exp3Neighbours()},
    "bandits.partial.game.FiniteGame.pricing": {"n_prices": 3, "cost": 2.0},
    "bandits.delays.problem.delayed": {"problem": switching_game(), "schedule": delays.FixedDelay(2), "summed": True},
    "theory.delays.exact.exp3_tree": _RATE
    | {"delays": [1, 0, 2, 0], "exploration": 0.25, "explore": _LAW, "reveals": [np.eye(3)]},
    "theory.delays.exact.delayed_weights": {"estimates": TABLE[:4], "delays": [1, 0, 2, 0], "learning_rate": 0.5},
    "theory.confidence.mean_interval": _SAMPLES,
    "theory.confidence.betting_interval": _SAMPLES,
    "theory.confidence.empirical_bernstein_sequence": _SAMPLES,
    "theory.confidence.hoeffding_sequence": _SAMPLES,
    "theory.confidence.e_bh": {"log_e": [0.5, 4.0, 1.0], "level": 0.25},
    "theory.confidence.needed_samples": {"mean": 0.25, "bound": 0.5, "high": 1.0, "alpha": 0.25},
    "theory.stochastic.bounds.divergence.kl_inf": {"values": [0.0, 0.5, 1.0], "weights": _LAW, "mean": 0.25},
    "theory.stochastic.bounds.divergence.lai_robbins": {"values": [0.0, 1.0], "weights": [[0.5, 0.5], [0.25, 0.75]]},
    "theory.stochastic.exact.bayes.bayesian_regret": {
        "law": policies.LAWS["epsilon_greedy"](stochastic.EpsilonGreedy().parameters(switching_game())),
        "horizon": 3,
    },
    "theory.stochastic.exact.bayes.least_bayesian_regret": {"horizon": 3},
    "theory.stochastic.exact.play": {
        "values": [0.0, 1.0],
        "weights": [[0.5, 0.5], [0.25, 0.75]],
        "horizon": 3,
        "law": _COUNTED,
    },
    "theory.switching.exact.informed.hedge_probabilities": _RATE,
    "theory.switching.exact.informed.hedge": _RATE,
    "theory.switching.exact.informed.shrinking_dartboard": _RATE,
    "theory.switching.exact.informed.dartboard_transitions": _RATE,
    "theory.switching.exact.informed.chain": {
        "losses": TABLE[:3],
        "initial": _LAW,
        "transitions": [np.eye(3), np.eye(3)],
    },
    "theory.switching.exact.informed.perturbed_leader_probabilities": _RATE,
    "theory.switching.exact.informed.anytime_hedge": {"losses": TABLE[:4], "first_rate": 0.5},
    "theory.switching.exact.informed.adahedge": {"losses": TABLE[:4]},
    "theory.switching.exact.trees.exp3": _RATE,
    "theory.switching.exact.trees.anytime_exp3": {"losses": TABLE[:4], "first_rate": 0.5},
    "theory.switching.exact.trees.exp3_ix": _RATE | {"exploration": 0.25},
    "theory.switching.exact.trees.exp3_p": _RATE | {"bonus": 0.1, "exploration": 0.3},
    "theory.switching.exact.trees.tsallis_inf": {"losses": TABLE[:4]},
    "theory.switching.exact.trees.tsallis_switch": {"losses": TABLE[:4], "growth": 0.5},
    "theory.switching.exact.trees.budgeted_exp3": _RATE | {"batch_length": 2},
    "theory.switching.exact.trees.batched_dartboard": _RATE | {"batch_length": 2},
    "theory.switching.witnesses.minimax.worst_case_of_two": {"horizon": 6, "learning_rate": 0.5, "switching_cost": 0.5},
    "theory.switching.witnesses.minimax.expert_value": {"horizon": 3, "n_actions": 2},
    "theory.switching.witnesses.minimax.bandit_value": {"horizon": 3, "switching_cost": 0.5},
    "theory.cases.freeze": {"losses": COINS, "horizon": HORIZON},
    "theory.switching.exact.steady.exp3_on_steady_losses": {"rounds": 6, "rate": 0.5},
    "theory.switching.exact.steady.uniform_looks": {"losses": [[0, 1], [1, 0]], "rate": 0.5},
    "theory.switching.exact.steady.leader_switches": {"rounds": 6, "n_actions": 3, "rate": 0.5},
    "theory.rates.fit_exponent": _GRID,
    "theory.rates.certified_exponent": {"near": (1.0, 0.5, 1.0), "far": (2.0, 1.0, 1.5)},
    "theory.rates.certified_kink": {"points": ((1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (4.0, 0.5, 0.5)), "slope": -0.5},
    "theory.rates.fit_kink": _GRID,
    "theory.tightness.often_reached": {"samples": np.linspace(0, 1, 40), "share": 0.25, "alpha": 0.25},
    "theory.tightness.climb": {
        "bound": theory.theorem("hart2000.regret_matching"),
        "space": theory.registered("witnesses", "SPACES")["hart2000.regret_matching"],
        "evaluations": 3,
    },
    "theory.verification.failure_probability": {
        "bound": "du2025.regret",
        "problem": threshold_game(),
        "learner": threshold.OptimisticFeasibleSearch(),
    },
    "theory.verification.verify": _PLAYED | {"max_repetitions": 100},
    "theory.suite.verify_all": {"names": ["bubeck2012.exp3"], "max_repetitions": 100},
    "theory.verification.bound_value": _PLAYED,
    "theory.suite.error_probability": {"verdicts": []},
    "theory.switching.witnesses.search.worst_losses": {
        "rule": "hedge",
        "horizon": 3,
        "n_actions": 2,
        "learning_rate": 0.5,
        "bound": 8.0,
        "restarts": 1,
        "steps": 2,
    },
}


@cache
def modules():
    """Return every module of bandits and theory."""
    found = []
    for package in (bandits, theory):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not module.name.endswith(("_jax", "__main__")):
                found.append(importlib.import_module(module.name))
    return found


@cache
def checked_functions():
    """Return every public function or classmethod marked `checked`, by its full name."""
    found = {}
    for module in modules():
        members = {f"{module.__name__}.{name}": member for name, member in vars(module).items()}
        for cls in [m for m in members.values() if inspect.isclass(m) and m.__module__ == module.__name__]:
            own = {name for name, m in vars(cls).items() if isinstance(m, classmethod)}
            members |= {f"{module.__name__}.{cls.__name__}.{name}": getattr(cls, name) for name in own}
        for name, member in members.items():
            function = getattr(member, "__func__", member)
            mine = getattr(function, "__module__", None) == module.__name__
            if mine and inspect.isroutine(function) and getattr(function, "converts", False) and "._" not in name:
                found[name] = member
    return found
