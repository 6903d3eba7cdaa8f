"""What an estimator that sees single individuals is worth: exact second moments, and the regret that they allow."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.one_sided import Exp2FullBandit, Exp2OneSided, OneSidedGame, lending, three_points
from bandits.one_sided.exponential import ceil_power
from paper_figures import kit, style
from paper_figures.kit import Array, Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import Look

LOOKS = {
    "shifted": Look("shifted, (R2)", style.BLUE, "o"),
    "signed": Look("without the shift", style.GREEN, "s"),
    "total": Look("from the total loss alone", style.RED, "D"),
}
THEOREMS = {"shifted": "ours.exp2_lagrangian", "total": "bubeck2012.exp2_lagrangian"}
_DASHES = {"uniform": "-", "concentrated": ":"}


class Estimator(Figure):
    """Second moments against price and arrivals, Lagrangian regret against the horizon, weights of seen labels."""

    name = "bechavod2022_estimator"
    title = "What single individuals reveal: the shifted estimator against one that sees the total loss alone"
    claim = """Theorem 4.1 runs Exp2 with a full-bandit estimator, whose second moment grows with the dimension k + 1 of
    the round; semi-bandit feedback avoids that (D1: at most 5 (k + 2 C)^2, ours)."""
    caption = """Environment B (N = 81). (a), (b): E <p, g^2> of the estimated losses g of all hypotheses in Lagrangian
    units, by enumeration of the 81 possible draws, averaged over the same random rounds; the pair with the largest gap
    is reported. Full marks: the uniform distribution p of the first round; hollow: p in proportion to exp(-sharpness x
    expected error). Broken: proved upper bounds, 5 (k + 2 C)^2 and 4 (k + 1)(k + 2 C)^2. Without the shift second
    moments are smaller still, but losses are negative and as large as 1 / q, for which the bound of exponential weights
    fails. (c) Environment A (three kinds of individuals, four stumps, one auditor): Lagrangian regret against the best
    fair policy (lenient) of Exp2 with either estimator, each with the tuning of its theorem at the same price; 95%
    intervals of means. Broken: D1, and the constant of 4.1 (exploration by John's distribution, which is uniform here).
    (d) How heavy the weights of seen labels are under the two distributions of (a), exactly."""
    panels, size = 4, (7.2, 6.6)
    tiny = changed(prices=(0, 8), people=(2, 4), rounds=4, horizons=(64, 128), repetitions=4)
    paper = changed(rounds=1000, horizons=tuple(2**k for k in range(9, 20)), repetitions=32)

    prices: tuple[int, ...] = setting("prices C in (a)", (0, 1, 2, 4, 8, 16, 32))
    people: tuple[int, ...] = setting("arrivals per round k in (b)", (2, 4, 8, 16))
    individuals: int = setting("k in (a), (c)", 4)
    price: int = setting("C in (b)", 4)
    sharpness: float = setting("concentration of the second distribution (times expected errors per arrival)", 40.0)
    rounds: int = setting("rounds averaged in (a), (b)", 100)
    horizons: tuple[int, ...] = setting("horizons T in (c) (rounds)", tuple(2**k for k in range(9, 17)))
    repetitions: int = setting("repetitions in (c)", 16)
    seed: int = setting("seed (in (c) plus log2 T)", 2012)

    def data(self) -> Frame:
        """Return the rows of the four panels, distinguished by the column `sweep`."""
        return kit.stack([kit.table(self._moments()), kit.table(self._weights()), kit.table(self._regrets())])

    def _laws(self) -> list[tuple[str, float]]:
        return [("uniform", 0.0), ("concentrated", self.sharpness)]

    def _moments(self) -> list[Row]:
        points = [("price", float(C), self.individuals, C) for C in self.prices]
        points += [("people", float(k), k, self.price) for k in self.people]
        rows = []
        for sweep, x, k, price in points:
            for law, sharpness in self._laws():
                moments, width = self._mean_moments(k, price, sharpness), float((k + 2 * price) ** 2)
                limits = (5.0 * width, float("nan"), 4.0 * (k + 1) * width)
                for name, moment, limit in zip(LOOKS, moments, limits, strict=True):
                    row = {"sweep": sweep, "law": law, "estimator": name, "x": x, "second_moment": float(moment)}
                    rows.append(row | {"upper_bound": limit})
        return rows

    def _mean_moments(self, k: int, price: float, sharpness: float) -> Array:
        """Return the second moments for p proportional to exp(-sharpness error), averaged over rounds."""
        game = lending(1, individuals=k)
        table = game.table[game.hypotheses.cells(game.people)].astype(float)  # (n, N)
        law, rng, found = _law(game, sharpness), np.random.default_rng(self.seed), np.zeros(3)
        for _ in range(self.rounds):
            kinds, labels = _round(game, rng)
            predictions = np.ascontiguousarray(table[kinds].T)
            acceptance = law @ predictions
            pair = (int(acceptance.argmax()), int(acceptance.argmin()))
            found += second_moments(law, predictions, labels, pair, price) / self.rounds
        return found

    def _weights(self) -> list[Row]:
        """Return the shares of seen labels whose weight 1 / q is at least x, exactly, for both distributions."""
        game = lending(1, individuals=self.individuals)
        shares, rows = game.people.expected(1).sum(axis=0), []
        for law, sharpness in self._laws():
            acceptance = _law(game, sharpness) @ game.table[game.hypotheses.cells(game.people)].T
            order = np.argsort(1.0 / acceptance)
            seen = (shares * acceptance)[order]
            tail = np.cumsum(seen[::-1])[::-1] / seen.sum()
            points = zip((1.0 / acceptance)[order], tail, strict=True)
            rows += [{"sweep": "weight", "law": law, "x": float(x), "share": float(y)} for x, y in points]
        return rows

    def _regrets(self) -> list[Row]:
        rows = []
        for name, bound in THEOREMS.items():
            cells = []
            for T in self.horizons:
                price = ceil_power(T, 1, 5)
                learner = Exp2OneSided(price=float(price)) if name == "shifted" else Exp2FullBandit(price=price)
                game = three_points(T, individuals=self.individuals, slack=0.0)  # against the lenient benchmark
                cells.append(final_cell(game, learner, self, fresh=True))
            for T, run in zip(self.horizons, runs(cells), strict=True):
                row: Row = {"sweep": "horizon", "estimator": name, "x": float(T)}
                row |= kit.interval("regret", run.final("lagrangian_regret"))
                rows.append(row | {"upper_bound": kit.bound_value(bound, run)})
        return rows

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw second moments against price and arrivals, regret against the horizon, and the weights."""
        for panel, sweep, label in ((axes[0], "price", "price $C$"), (axes[1], "people", "arrivals per round $k$")):
            for law, dash in _DASHES.items():
                for _, look, rows in kit.curves(frame, LOOKS, "estimator", "x", sweep=sweep, law=law):
                    line: Row = {"linestyle": dash, "markerfacecolor": look.colour if law == "uniform" else "white"}
                    kit.marked(panel, rows["x"], rows["second_moment"], look, f"{look.label}, {law}", **line)
                    if law == "uniform":
                        kit.theory_line(panel, rows["x"], rows["upper_bound"], look.colour)
            panel.set(xlabel=label, yscale="log", ylabel=r"second moment $E\langle p, g^2 \rangle$")
        axes[0].set_xscale("symlog", base=2, linthresh=1)
        axes[0].set_xlim(left=-0.3)
        axes[1].set_xscale("log", base=2)
        for _, look, rows in kit.curves(frame, LOOKS, "estimator", "x", sweep="horizon"):
            kit.curve(axes[2], rows, "x", "regret_{}", look, bound="upper_bound")
        kit.log_axes(axes[2], "horizon $T$ (rounds)", "Lagrangian regret (errors)")
        for law, dash in _DASHES.items():
            rows = frame.filter(sweep="weight", law=law).sort("x")
            axes[3].step(rows["x"], rows["share"], dash, where="pre", color=style.BLACK, label=f"weights, {law}")
        kit.log_axes(axes[3], "weight $1 / q$", "share of seen labels\nwith at least this weight", base=10)
        kit.legend_entry(axes[0], "proved upper bound, same colour")
        titles = ["moment against the price", "moment against arrivals", "regret at $C = T^{1/5}$", "weights"]
        kit.finish(axes, titles, legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the ratio of the second moments at the ends of (a) and (b), and the regrets at the last horizon."""
        sentences = []
        for sweep, name in (("price", "C"), ("people", "k")):
            part = frame.filter(sweep=sweep)
            for law in _DASHES:
                ends = part.filter(x=part["x"].max(), law=law)
                moments: dict[str, Any] = dict(ends.select("estimator", "second_moment").iter_rows())
                texts = ", ".join(f"{LOOKS[key].label} {moment:.4g}" for key, moment in moments.items())
                ratio = f"total over shifted {moments['total'] / moments['shifted']:.1f}"
                sentences.append(f"{name} = {ends['x'][0]:g}, {law} distribution: {texts}; {ratio}.")
        for law in _DASHES:
            rows = frame.filter(sweep="weight", law=law)
            heavy = f"{rows.filter(rows['x'] >= 10.0)['share'].max() or 0.0:.2g} of labels weigh 10 or more"
            sentences.append(f"{law.capitalize()} distribution: weights up to {rows['x'].max():.3g}; {heavy}.")
        for _, look, rows in kit.curves(frame, LOOKS, "estimator", "x", sweep="horizon"):
            row = kit.last(rows)
            sentences.append(
                f"{look.label}: Lagrangian regret {kit.with_interval(row, 'regret_{}', '.0f')} at T = {row['x']:.0f}, "
                f"bound {row['upper_bound']:.0f}."
            )
        return sentences


def second_moments(law: Array, predictions: Array, labels: Array, pair: tuple[int, int], price: float) -> Array:
    """Return E <p, g^2> of the three estimators, in the order of `LOOKS`, by enumeration of the draws of h_t.

    law: (N,) p, positive.  predictions: (N, k) of the hypotheses on the individuals of the round.  labels: (k,).
    pair: the positions of the reported individuals.  price: C. All are in Lagrangian units, the last one with its
    pseudo-inverse.
    """
    k = len(labels)
    seen = predictions / np.maximum(law @ predictions, 1e-300)  # O / q, one row per draw
    gap = price * (predictions[:, pair[0]] - predictions[:, pair[1]])
    shifted = 2.0 * (seen * (1.0 - labels)) @ predictions.T + (k - predictions.sum(axis=1)) + price + gap
    signed = (seen * (1.0 - 2.0 * labels)) @ predictions.T + gap
    features = np.column_stack([np.ones(len(law)), predictions])
    inverse = np.linalg.pinv(features.T @ (law[:, None] * features), rcond=1e-10, hermitian=True)
    wrong = np.where(predictions > 0.0, 1.0 - labels, 0.5).sum(axis=1)
    first, second = predictions[:, pair[0]] > 0.0, predictions[:, pair[1]] > 0.0
    paid = wrong + price * np.where(first, 1.0, 0.5) + price * np.where(second, 0.0, 0.5)
    total = 2.0 * paid[:, None] * (features @ inverse @ features.T)
    return np.array([law @ estimate**2 @ law for estimate in (shifted, signed, total)])


def _round(game: OneSidedGame, rng: np.random.Generator) -> tuple[NDArray[np.int64], Array]:
    """Draw the individuals and the labels of a round."""
    shares = game.people.expected(game.horizon)
    kinds = rng.choice(game.people.n_kinds, game.individuals, p=shares.sum(axis=0))
    chance = shares[1, kinds] / shares[:, kinds].sum(axis=0)
    return kinds, (rng.random(game.individuals) < chance).astype(float)


def _law(game: OneSidedGame, sharpness: float) -> Array:
    """Return p over the class in proportion to exp(-sharpness times expected errors per arrival)."""
    table = game.table[game.hypotheses.cells(game.people)].astype(float)
    shares = game.people.expected(1)
    law = np.exp(-sharpness * (shares[1].sum() + (shares[0] - shares[1]) @ table))
    return np.asarray(law / law.sum())
