"""Coverage of intervals for a mean under repeated tests, and their widths: a Markdown table.

    python benchmarks/interval_coverage.py [--streams 2000] [--length 2000] [--alpha 0.05]

Each stream is tested after every 10 samples and counts as missed if an end of the interval was ever on the wrong side.
The interval's two ends share alpha. "Student" is the t interval, valid at one fixed sample size only.
"""

import argparse
import math

import numpy as np

from theory.confidence import MeanTest, empirical_bernstein_sequence, hoeffding_sequence, mean_interval

LOOK = 10


def bernoulli(p):
    return lambda g, s: (g.random(s) < p) * 1.0, p


def lucky(generator, shape):
    """0.01, and 1 in one of 500 runs: like the regret of a learner that rarely commits to a bad action."""
    return np.where(generator.random(shape) < 0.002, 1.0, 0.01)


def heavy(generator, shape):
    """A log-normal of scale 0.02 and shape 1.5, cut at 1: mostly near 0, with a long tail."""
    return np.minimum(0.02 * np.exp(1.5 * generator.standard_normal(shape)), 1.0)


def heavy_mean():
    from statistics import NormalDist

    phi, cut = NormalDist().cdf, math.log(50.0) / 1.5
    return 0.02 * math.exp(1.125) * phi(cut - 1.5) + 1.0 - phi(cut)


LAWS = {
    "point mass at 0": (lambda g, s: np.zeros(s), 0.0),
    "point mass at 0.3": (lambda g, s: np.full(s, 0.3), 0.3),
    "point mass at 1": (lambda g, s: np.ones(s), 1.0),
    "Bernoulli(0.5)": bernoulli(0.5),
    "Bernoulli(0.02)": bernoulli(0.02),
    "Bernoulli(0.98)": bernoulli(0.98),
    "Beta(2, 5)": (lambda g, s: g.beta(2.0, 5.0, s), 2.0 / 7.0),
    "narrow: 0.2 +- 0.003": (lambda g, s: np.clip(0.2 + 0.003 * g.standard_normal(s), 0.0, 1.0), 0.2),
    "0.01, rarely 1": (lucky, 0.002 + 0.998 * 0.01),
    "log-normal, cut": (heavy, heavy_mean()),
}


def mixture_misses(x, mean, alpha):
    test = MeanTest.start(np.zeros(len(x)), 1.0, mean)
    missed = np.zeros(len(x), dtype=bool)
    for start in range(0, x.shape[1], LOOK):
        test = test.add(x[:, start : start + LOOK])
        missed |= (test.log_e() >= math.log(2.0 / alpha)).any(axis=1)
    return missed.mean()


def sequence_misses(sequence, x, mean, alpha):
    lower, upper = (end[:, LOOK - 1 :: LOOK] for end in sequence(x, 0.0, 1.0, alpha / 2.0))
    return ((lower > mean) | (upper < mean)).any(axis=1).mean(), float((upper - lower)[:, -1].mean())


def student_misses(x, mean, alpha):
    from scipy.stats import norm

    t = np.arange(1, x.shape[1] + 1)
    centre = np.cumsum(x, axis=1) / t
    error = np.sqrt(np.maximum(np.cumsum(x * x, axis=1) / t - centre**2, 0.0) / t)
    half = norm.ppf(1.0 - alpha / 2.0) * error
    missed = (np.abs(centre - mean) > half + 1e-12)[:, 29::LOOK]
    return missed.any(axis=1).mean(), 2.0 * float(half[:, -1].mean())


METHODS = ("mixture", "emp. Bernstein", "Hoeffding", "Student")


def row(name, x, mean, alpha):
    bernstein, hoeffding = (
        sequence_misses(sequence, x, mean, alpha) for sequence in (empirical_bernstein_sequence, hoeffding_sequence)
    )
    student = student_misses(x, mean, alpha)
    lower, upper = mean_interval(x[:100], 0.0, 1.0, alpha / 2.0)
    misses = [mixture_misses(x, mean, alpha), bernstein[0], hoeffding[0], student[0]]
    widths = [float((upper - lower).mean()), bernstein[1], hoeffding[1], student[1]]
    return [name, *(f"{m:.4f}" for m in misses), *(f"{w:.4f}" for w in widths)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--length", type=int, default=2000)
    parser.add_argument("--alpha", type=float, default=0.05)
    options = parser.parse_args()
    print(f"{options.streams} streams of {options.length} samples in [0, 1] for each law, alpha = {options.alpha}.")
    print("missed: share of streams whose interval was ever wrong; width: mean at the end (mixture: 100 streams).\n")
    columns = ["law", *(f"{what}: {method}" for what in ("missed", "width") for method in METHODS)]
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    for name, (draw, mean) in LAWS.items():
        x = draw(np.random.default_rng(1), (options.streams, options.length))
        print("| " + " | ".join(row(name, x, mean, options.alpha)) + " |", flush=True)


if __name__ == "__main__":
    main()
