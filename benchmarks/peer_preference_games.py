"""The solvers of preference games of peer_games.py. They read "rounds games seed n_actions algorithm", and their regret
is the gap of what they found. Standard library only until the peer is imported.
"""

import random
import time


def random_skew(n_actions, seed):
    """Return P - 1/2 of a game with independent uniform preferences, as lists: the same numbers in every process."""
    chance = random.Random(seed).random
    skew = [[0.0] * n_actions for _ in range(n_actions)]
    for i in range(n_actions):
        for j in range(i):
            skew[i][j] = chance() - 0.5
            skew[j][i] = -skew[i][j]
    return skew


def duality_gap(skew, first, second):
    """Return what both players together could gain by answering the other one: gap0 where they play the same."""
    return sum(max(sum(s * p for s, p in zip(row, policy)) for row in skew) for policy in (first, second))


def solve(found, rounds, games, seed, n_actions):
    """Return the seconds and the mean gap of found(skew, rounds) -> (seconds, first policy, second policy)."""
    total, gaps = 0.0, 0.0
    for game in range(games):
        skew = random_skew(n_actions, 1000 * seed + game)
        seconds, first, second = found(skew, rounds)
        total += seconds
        gaps += duality_gap(skew, first, second)
    return total, gaps / games


def open_spiel():
    import pyspiel

    kinds = {"CFR": pyspiel.CFRSolver, "CFR+": pyspiel.CFRPlusSolver}

    def run(rounds, games, seed, n_actions, algorithm):
        def found(skew, rounds):
            payoffs = skew, [[-x for x in row] for row in skew]
            game = pyspiel.convert_to_turn_based(pyspiel.create_matrix_game(*payoffs))
            solver = kinds[algorithm](game)
            began = time.perf_counter()
            for _ in range(rounds):
                solver.evaluate_and_update_policy()
            seconds = time.perf_counter() - began
            average, state, policies = solver.average_policy(), game.new_initial_state(), []
            for _ in range(2):
                policies.append([p for _, p in sorted(average.action_probabilities(state).items())])
                state.apply_action(0)
            return seconds, *policies

        return solve(found, rounds, games, seed, n_actions)

    return run


def nashpy():
    import nashpy
    import numpy

    def play(game, rounds):
        for counts in game.fictitious_play(iterations=rounds):
            last = counts
        return [count / count.sum() for count in last]

    kinds = {
        "fictitious_play": play,
        "linear_program": lambda game, rounds: game.linear_program(),
        "support_enumeration": lambda game, rounds: next(game.support_enumeration()),
    }

    def run(rounds, games, seed, n_actions, algorithm):
        numpy.random.seed(seed)  # noqa: NPY002, the generator that it uses

        def found(skew, rounds):
            game = nashpy.Game(numpy.array(skew))
            began = time.perf_counter()
            first, second = kinds[algorithm](game, rounds)
            return time.perf_counter() - began, first.tolist(), second.tolist()

        return solve(found, rounds, games, seed, n_actions)

    return run


PREFERENCE_GAMES = (open_spiel, nashpy)
