"""The peers' side of peers.py and preference_peers.py: plays in a peer's own loop. Runs in the peer's environment,
standard library only until the peer is imported: `python -I peer_games.py NAME PACKAGE`.

Reads lines "rounds repetitions seed algorithm" and answers each with one line of JSON: seconds and the mean
pseudo-regret of a repetition; peer_preference_games.py has the solvers of preference games. The first line out names
the version, or the error that the import raised.
"""

import contextlib
import io
import json
import math
import os
import random
import sys
import tempfile
import time
from importlib.metadata import version

N_ARMS, MEANS = 10, [0.6] + [0.5] * 9  # chances of a reward of 1


def exp3_mixing(rounds):
    """The exploration of Auer et al. (2002), Corollary 3.2, with T as the bound on the best arm's reward."""
    return min(1.0, math.sqrt(N_ARMS * math.log(N_ARMS) / ((math.e - 1.0) * rounds)))


def repeat(play):
    """Make a loop over repetitions of play(rounds, seed, algorithm) -> chosen arms' gaps summed."""

    def run(rounds, repetitions, seed, algorithm):
        began = time.perf_counter()
        regret = sum(play(rounds, 1000 * seed + r, algorithm) for r in range(repetitions))
        return time.perf_counter() - began, regret / repetitions

    return run


def loop(pull, learn, rounds, seed):
    """Play a learner that is asked for an arm and told a reward, as its documentation does."""
    chance, regret = random.Random(10**9 + seed).random, 0.0  # not the learner's own seed: draws would be the same
    for _ in range(rounds):
        arm = pull()
        learn(arm, 1 if chance() < MEANS[arm] else 0)
        regret += MEANS[0] - MEANS[arm]
    return regret


def smpybandits():
    os.environ["MPLBACKEND"] = "Agg"
    with contextlib.redirect_stdout(io.StringIO()):
        from SMPyBandits.Arms import Bernoulli
        from SMPyBandits.Environment import Evaluator
        from SMPyBandits.Policies import UCB, Exp3WithHorizon, Thompson, klUCB

    def run(rounds, repetitions, seed, algorithm):
        import numpy

        numpy.random.seed(seed)  # noqa: NPY002, the generator that it uses
        random.seed(seed)
        policies = {
            "EXP3": {"archtype": Exp3WithHorizon, "params": {"horizon": rounds}},
            "UCB1": {"archtype": UCB, "params": {}},
            "KL-UCB": {"archtype": klUCB, "params": {}},
            "Thompson": {"archtype": Thompson, "params": {}},
        }
        settings = {
            "horizon": rounds,
            "repetitions": repetitions,
            "n_jobs": 1,
            "verbosity": 0,
            "environment": [{"arm_type": Bernoulli, "params": MEANS}],
            "policies": [policies[algorithm]],
        }
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            evaluator = Evaluator(settings)
            began = time.perf_counter()
            evaluator.startOneEnv(0, evaluator.envs[0])
            seconds = time.perf_counter() - began
            regret = float(evaluator.getCumulatedRegret(0, 0)[-1])
        return seconds, regret

    return run


def banditpylib():
    from banditpylib.arms import BernoulliArm
    from banditpylib.bandits import MultiArmedBandit
    from banditpylib.learners.mab_learner import EXP3, UCB, ThompsonSampling
    from banditpylib.protocols import SinglePlayerProtocol
    from banditpylib.utils import parse_trials_from_bytes

    kinds = {
        "EXP3": lambda rounds: EXP3(arm_num=N_ARMS, gamma=exp3_mixing(rounds)),
        "UCB1": lambda rounds: UCB(arm_num=N_ARMS),
        "Thompson": lambda rounds: ThompsonSampling(arm_num=N_ARMS),
    }

    def run(rounds, repetitions, seed, algorithm):
        bandit = MultiArmedBandit(arms=[BernoulliArm(mean) for mean in MEANS])
        protocol = SinglePlayerProtocol(bandit=bandit, learners=[kinds[algorithm](rounds)])
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "trials")
            began = time.perf_counter()
            protocol.play(trials=repetitions, output_filename=file, processes=1, horizon=rounds)
            seconds = time.perf_counter() - began
            with open(file, "rb") as written:
                trials = parse_trials_from_bytes(written.read())
        return seconds, sum(trial.results[-1].regret for trial in trials) / len(trials)

    return run


def mabwiser():
    from mabwiser.mab import MAB, LearningPolicy

    kinds = {
        "softmax": LearningPolicy.Softmax(tau=0.1),
        "UCB1": LearningPolicy.UCB1(alpha=1.0),
        "Thompson": LearningPolicy.ThompsonSampling(),
    }

    def play(rounds, seed, algorithm):
        learner = MAB(list(range(N_ARMS)), kinds[algorithm], seed=seed)
        learner.fit(list(range(N_ARMS)), [0, 1] * (N_ARMS // 2))
        return loop(learner.predict, lambda arm, reward: learner.partial_fit([arm], [reward]), rounds, seed)

    return repeat(play)


def river():
    from river import bandit, proba

    arms = list(range(N_ARMS))
    kinds = {
        "EXP3": lambda rounds, seed: bandit.Exp3(gamma=exp3_mixing(rounds), seed=seed),
        "UCB1": lambda rounds, seed: bandit.UCB(delta=1, seed=seed),
        "Thompson": lambda rounds, seed: bandit.ThompsonSampling(reward_obj=proba.Beta(1, 1), seed=seed),
    }

    def play(rounds, seed, algorithm):
        learner = kinds[algorithm](rounds, seed)
        return loop(lambda: learner.pull(arms), learner.update, rounds, seed)

    return repeat(play)


def pymab():
    import numpy
    from pymab import BanditEnvironment, BernoulliReward, Experiment, ExperimentConfig
    from pymab.policies import BernoulliThompsonSamplingPolicy, EXP3Policy, KLUCBPolicy, UCBPolicy

    kinds = {
        "EXP3": lambda rounds: EXP3Policy(n_arms=N_ARMS, gamma=exp3_mixing(rounds)),
        "UCB1": lambda rounds: UCBPolicy(n_arms=N_ARMS),
        "KL-UCB": lambda rounds: KLUCBPolicy(n_arms=N_ARMS),
        "Thompson": lambda rounds: BernoulliThompsonSamplingPolicy(n_arms=N_ARMS),
    }

    def run(rounds, repetitions, seed, algorithm):
        experiment = Experiment(
            environment=BanditEnvironment(means=numpy.array(MEANS), reward_model=BernoulliReward()),
            policies={"learner": kinds[algorithm](rounds)},
            config=ExperimentConfig(horizon=rounds, n_replicates=repetitions, seed=seed, backend="rust"),
        )
        began = time.perf_counter()
        result = experiment.run()
        seconds = time.perf_counter() - began
        return seconds, float(numpy.mean(numpy.ravel(result.cumulative_regret[-1])))

    return run


def coba():
    from coba.learners import BanditEpsilonLearner

    arms = list(range(N_ARMS))

    def play(rounds, seed, algorithm):
        learner, chance, regret = BanditEpsilonLearner(0.1, seed=seed), random.Random(10**9 + seed).random, 0.0
        for _ in range(rounds):
            arm, share = learner.predict(None, arms)[:2]
            learner.learn(None, arm, 1.0 if chance() < MEANS[arm] else 0.0, share)
            regret += MEANS[0] - MEANS[arm]
        return regret

    return repeat(play)


def vowpalwabbit():
    from vowpalwabbit import Workspace

    def play(rounds, seed, algorithm):
        learner = Workspace(f"--cb_explore {N_ARMS} --softmax --lambda 10 --quiet --random_seed {seed}")
        source, regret = random.Random(10**9 + seed), 0.0
        for _ in range(rounds):
            shares = learner.predict("| c")
            arm = source.choices(range(N_ARMS), shares)[0]
            learner.learn(f"{arm + 1}:{0 if source.random() < MEANS[arm] else 1}:{shares[arm]} | c")
            regret += MEANS[0] - MEANS[arm]
        return regret

    return repeat(play)


def pybandits():
    from pybandits.smab import SmabBernoulli

    def play(rounds, seed, algorithm):
        learner = SmabBernoulli.cold_start(action_ids={str(i) for i in range(N_ARMS)})

        def pull():
            arm = learner.predict(n_samples=1)[0][0]
            return int(arm if isinstance(arm, str) else arm[0])

        return loop(pull, lambda arm, won: learner.update(actions=[str(arm)], rewards=[won]), rounds, seed)

    return repeat(play)


def obp():
    from obp.policy import EpsilonGreedy

    def play(rounds, seed, algorithm):
        learner = EpsilonGreedy(n_actions=N_ARMS, epsilon=0.1, random_state=seed)
        return loop(lambda: int(learner.select_action()[0]), learner.update_params, rounds, seed)

    return repeat(play)


# ---------------------------------------------------------------- contexts


def contextual(play):
    """Make a run of play(act, learn...) in a world with 5 features per context, which 10 actions share.

    Contexts and parameters are unit vectors of the positive orthant, 1000 and 10; an action's mean loss is the product
    of both. play: (rounds, seed, draw, lose), with draw() -> context and lose(arm) -> loss of the present context.
    """
    import numpy

    rng = numpy.random.default_rng(0)
    contexts, parameters = (numpy.abs(rng.standard_normal((n, 5))) for n in (1000, N_ARMS))
    contexts /= numpy.linalg.norm(contexts, axis=1, keepdims=True)
    parameters /= numpy.linalg.norm(parameters, axis=1, keepdims=True)
    means = numpy.minimum(1.0, contexts @ parameters.T).tolist()
    contexts = contexts.tolist()

    def run(rounds, repetitions, seed, *algorithm):
        total, began = 0.0, time.perf_counter()
        for r in range(repetitions):
            source, now = random.Random(10**9 + 1000 * seed + r), [0, 0.0]

            def draw(source=source, now=now):
                now[0] = source.randrange(len(contexts))
                return contexts[now[0]]

            def lose(arm, source=source, now=now):
                now[1] += means[now[0]][arm] - min(means[now[0]])
                return 1.0 if source.random() < means[now[0]][arm] else 0.0

            play(rounds, 1000 * seed + r, draw, lose)
            total += now[1]
        return time.perf_counter() - began, total / repetitions

    return run


def contextual_vowpalwabbit():
    from vowpalwabbit import Workspace

    actions = [f"|a a{i}" for i in range(N_ARMS)]

    def play(rounds, seed, draw, lose):
        options = f"--cb_explore_adf --squarecb --gamma_scale {10 * rounds**0.5} -q sa --quiet --random_seed {seed}"
        learner, source = Workspace(options), random.Random(seed)
        for _ in range(rounds):
            shared = "shared |s " + " ".join(f"x{i}:{x}" for i, x in enumerate(draw()))
            shares = learner.predict("\n".join([shared, *actions]))
            arm = source.choices(range(N_ARMS), shares)[0]
            chosen = [f"0:{lose(arm)}:{shares[arm]} {a}" if i == arm else a for i, a in enumerate(actions)]
            learner.learn("\n".join([shared, *chosen]))

    return contextual(play)


def contextual_river():
    from river import bandit

    arms = list(range(N_ARMS))

    def play(rounds, seed, draw, lose):
        learner = bandit.LinUCBDisjoint(alpha=0.5, seed=seed)
        for _ in range(rounds):
            context = dict(enumerate(draw()))
            arm = learner.pull(arms, context=context)
            learner.update(arm, context, 1.0 - lose(arm))

    return contextual(play)


def contextual_mabwiser():
    from mabwiser.mab import MAB, LearningPolicy

    def play(rounds, seed, draw, lose):
        learner = MAB(list(range(N_ARMS)), LearningPolicy.LinUCB(alpha=0.5), seed=seed)
        first = [(arm, draw(), 1.0 - lose(arm)) for arm in range(N_ARMS)]
        learner.fit(*([row[i] for row in first] for i in (0, 2, 1)))
        for _ in range(rounds - N_ARMS):
            context = [draw()]
            arm = learner.predict(context)
            learner.partial_fit([arm], [1.0 - lose(arm)], context)

    return contextual(play)


GAMES = (smpybandits, banditpylib, mabwiser, river, pymab, coba, vowpalwabbit, pybandits, obp)
GAMES += (contextual_vowpalwabbit, contextual_river, contextual_mabwiser)


def main():
    import warnings

    warnings.filterwarnings("ignore")  # a peer's own, of libraries newer than it
    name, package = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)  # what a peer prints goes to the error stream
    os.dup2(2, 1)
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # which -I leaves out
    from peer_preference_games import PREFERENCE_GAMES

    try:
        run = {game.__name__: game for game in GAMES + PREFERENCE_GAMES}[name]()
        answers.write(json.dumps({"version": version(package)}) + "\n")
    except Exception as error:
        answers.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")
        return 1
    for line in sys.stdin:
        try:
            seconds, regret = run(*(int(word) if word.isdigit() else word for word in line.split()))
            answers.write(json.dumps({"seconds": seconds, "regret": regret}) + "\n")
        except Exception as error:
            answers.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
