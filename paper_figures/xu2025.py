"""Words instead of rewards: mistakes by the kind of answer and the tie rule, regret without seeing a reward."""

import numpy as np

from bandits.combine import observed
from bandits.language import Helix, LanguageGame, PossibleSampling, VersionSpace, WordWorld
from bandits.protocol import Learner
from bandits.stochastic import UCB1
from bandits.switching import Bandit
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell
from theory.language.exact import LARGEST_DIMENSION, transfer_eluder_dimension

PAPER = Paper(
    title="Provably Learning from Language Feedback",
    authors="Wanqiao Xu, Allen Nie, Ruijie Zheng, Aditya Modi, Adith Swaminathan & Ching-An Cheng",
    venue="arXiv:2506.10341",
    url="https://arxiv.org/abs/2506.10341",
)
ANSWERS = {
    "reward": Look("right or wrong: $S^L - 1$", style.RED, "D"),
    "position": Look("first wrong position: $L (S - 1)$", style.ORANGE, "v"),
    "hint": Look("that position and its symbol: $L$", style.GREEN, "s"),
    "demonstration": Look("the password: 1", style.BLUE, "o"),
}
TIES = {
    "first": Look("first hypothesis", style.RED, "D"),
    "random": Look("random, worst", style.GREEN, "s"),
    "halving": Look("halving", style.BLUE, "o"),
}


class Mistakes(Figure):
    """Most mistakes over all truths, by the number of hypotheses."""

    name = "xu2025_mistakes"
    title = "What words say, and how ties are broken, decides how many mistakes are made"
    claim = """With certain words HELiX makes at most as many mistakes as the transfer eluder dimension; that depends on
    what is said: exponential in the length of a password if only right or wrong, constant if it is demonstrated."""
    caption = """Most mistakes of HELiX over all true hypotheses, each played once. (a) Guessing a password of length L
    over S symbols, ties to the first, by what is said of a guess; black crosses: the transfer eluder dimension, exact,
    of at most nine hypotheses (it counts sequences that no optimistic learner plays, so that it may lie above). (b)
    Guessing a number by "lower" and "higher": all hypotheses promise the same, so the tie rule decides. The first makes
    N - 1 mistakes, which is the dimension, halving the least possible, the whole part of log2 N. Random ties: mean and
    worst over truths and repetitions."""
    panels, size = 2, (7.2, 4.4)
    tiny = changed(symbols=(2, 3), numbers=(2, 4), repetitions=2)
    paper = changed(symbols=(2, 3, 4, 6, 8, 10, 12, 16), numbers=tuple(2**k for k in range(1, 9)), repetitions=256)

    symbols: tuple[int, ...] = setting("symbols S", (2, 3, 4, 6, 8, 12))
    length: int = setting("length L", 2)
    numbers: tuple[int, ...] = setting("numbers N to guess", (2, 4, 8, 16, 32, 64, 128))
    repetitions: int = setting("repetitions of each truth with random ties", 16)
    seed: int = setting("seed", 2025)

    def data(self) -> Frame:
        """Return a row for each answer or tie rule and number of hypotheses."""
        named = [("answer", a, WordWorld.password(s, self.length, a)) for a in ANSWERS for s in self.symbols]
        named += [("tie", tie, WordWorld.number_guess(n)) for tie in TIES for n in self.numbers]
        found = runs([self._cell(world, name if kind == "tie" else "first") for kind, name, world in named])
        rows: list[Row] = []
        for (kind, name, world), run in zip(named, found, strict=True):
            mistakes, n = run.final("mistakes"), world.n_hypotheses
            row: Row = {"kind": kind, "name": name, "hypotheses": n, "mean_mistakes": float(mistakes.mean())}
            known = kind == "answer" and n <= LARGEST_DIMENSION
            dimension = transfer_eluder_dimension(world) if known else None
            rows.append(row | {"most_mistakes": int(mistakes.max()), "dimension": dimension})
        return kit.table(rows)

    def _cell(self, world: WordWorld, tie: str) -> Cell:
        n, times = world.n_hypotheses, self.repetitions if tie == "random" else 1
        return Cell(LanguageGame(world, n + 1, "each"), Helix(tie), n * times, self.seed, (n + 1,))

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw mistakes against the number of hypotheses."""
        answers = frame.filter(kind="answer")
        for _, look, rows in kit.curves(answers, ANSWERS, "name", "hypotheses"):
            kit.marked(axes[0], rows["hypotheses"], rows["most_mistakes"], look, look.label)
        exact = answers.filter(answers["dimension"].is_not_null())
        crosses: Row = {"color": style.BLACK, "linestyle": "none", "ms": 5, "mfc": "none", "zorder": 5}
        axes[0].plot(exact["hypotheses"], exact["dimension"], "x", label="transfer eluder dimension", **crosses)
        for name, look, rows in kit.curves(frame.filter(kind="tie"), TIES, "name", "hypotheses"):
            kit.marked(axes[1], rows["hypotheses"], rows["most_mistakes"], look, look.label)
            if name == "random":
                axes[1].plot(rows["hypotheses"], rows["mean_mistakes"], ":", color=look.colour, label="random, mean")
        kit.log_axes(axes[0], "passwords $N = S^L$", "most mistakes")
        kit.log_axes(axes[1], "numbers $N$", "most mistakes")
        kit.finish(axes, ["passwords, by the answer", "numbers, by the tie rule"], legends=())
        for panel in axes:
            kit.legend_below(panel)

    def findings(self, frame: Frame) -> list[str]:
        """Return the mistakes in the largest world of each curve."""
        said = []
        for kind, looks, what in (("answer", ANSWERS, "passwords"), ("tie", TIES, "numbers")):
            for _, look, rows in kit.curves(frame.filter(kind=kind), looks, "name", "hypotheses"):
                row = kit.last(rows)
                said.append(
                    f"{look.label.split(':')[0]}: at most {row['most_mistakes']} mistakes among {row['hypotheses']} "
                    f"{what}, {row['mean_mistakes']:.2f} on average."
                )
        return said


WORDS = {
    "Helix": Look("HELiX, words", style.BLUE, "o"),
    "PossibleSampling": Look("sampling, words", style.GREEN, "s"),
    "UCB1": Look("UCB1, rewards", style.RED, "D"),
}
FLIPS = (Look("noise {:g}", style.BLUE, "o"), Look("noise {:g}", style.GREEN, "s"), Look("noise {:g}", style.RED, "D"))


class Words(Figure):
    """Regret on a list of words, and the budget of the version space under noise."""

    name = "xu2025_words"
    title = "Who understands the words needs no rewards, and survives noise"
    claim = """A learner that sees words only, and no reward, finds the best action after a few rounds, where one that
    sees rewards only tries every action; under noise no hypothesis stays possible once its words are 3 Lambda from the
    truth's (our theorem, with probability 1 - delta)."""
    caption = """A list of made-up words of five letters, one of which is the password, drawn anew in each repetition;
    the position of the first wrong letter is said of each guess. (a) Mean regret with 95% intervals: HELiX and sampling
    see only what is said, UCB1 sees rewards only. (b) What is said is replaced by a random answer with the probability
    shown: the largest sum of squared Hellinger distances to the truth's words that any hypothesis reached while it was
    possible for HELiX, mean with 95% intervals. Broken line: the limit 3 Lambda, Lambda = ln(2 N / delta), the same for
    all; without noise the threshold is 0."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(words=12, horizon=40, repetitions=4)
    paper = changed(repetitions=512)

    words: int = setting("words N", 100)
    letters: str = setting("letters", "aeiklmnoprst")
    horizon: int = setting("horizon T (rounds)", 10_000)
    flips: tuple[float, ...] = setting("probabilities of a random answer", (0.1, 0.3, 0.6))
    failure_probability: float = setting("failure probability δ", 0.05)
    repetitions: int = setting("repetitions", 64)
    checkpoints: int = setting("checkpoints, evenly in the logarithm of the round", 16)
    seed: int = setting("seed", 2025)

    @property
    def world(self) -> WordWorld:
        """The list of words, drawn with the seed."""
        rng = np.random.default_rng(self.seed)
        found: dict[str, None] = {}
        while len(found) < self.words:
            found["".join(rng.choice(list(self.letters), 5))] = None
        return WordWorld.word_list(list(found))

    def data(self) -> Frame:
        """Return a row for each learner or noise and checkpoint."""
        world, space = self.world, VersionSpace(failure_probability=self.failure_probability)
        pairs: list[tuple[str, float, LanguageGame, Learner]] = [
            ("Helix", 0.0, LanguageGame(world, self.horizon), Helix()),
            ("PossibleSampling", 0.0, LanguageGame(world, self.horizon), PossibleSampling()),
            ("UCB1", 0.0, LanguageGame(world, self.horizon, feedback=Bandit()), UCB1()),
        ]
        helix = Helix(failure_probability=self.failure_probability)
        pairs += [("Helix", flip, LanguageGame(world.noisy(flip), self.horizon), helix) for flip in self.flips]
        rounds = tuple(np.unique(np.geomspace(1, self.horizon, self.checkpoints).round().astype(int)).tolist())
        found = runs(
            [Cell(observed(game, space), learner, self.repetitions, self.seed, rounds) for _, _, game, learner in pairs]
        )
        limit = 3.0 * float(np.log(2.0 * self.words / self.failure_probability))
        tables = []
        for (name, flip, _, _), run in zip(pairs, found, strict=True):
            columns = kit.run_interval(run, "regret") | kit.run_interval(run, "budget")
            tables.append(kit.table({"learner": name, "noise": flip, "round": run.rounds, "limit": limit} | columns))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret and budget against the round."""
        for _, look, rows in kit.curves(frame.filter(noise=0.0), WORDS, "learner", "round"):
            kit.curve(axes[0], rows, "round", "regret_{}", look)
        noisy = frame.filter(frame["noise"] > 0.0)
        for flip, look in zip(sorted(set(noisy["noise"])), FLIPS, strict=False):
            rows = noisy.filter(noise=flip).sort("round")
            kit.curve(axes[1], rows, "round", "budget_{}", look, look.label.format(flip))
        kit.theory_line(
            axes[1],
            noisy["round"].unique().sort(),
            [noisy["limit"][0]] * noisy["round"].n_unique(),
            "k",
            "limit $3 \\Lambda$",
        )
        kit.log_axes(axes[0], "round $t$", "regret (reward)", base=10)
        kit.log_x(axes[1], "round $t$", "squared Hellinger distance spent", base=10)
        kit.finish(axes, ["regret without noise", "budget under noise"])

    def findings(self, frame: Frame) -> list[str]:
        """Return the last regret of each learner and the last budget of each noise."""
        said = []
        for _, look, rows in kit.curves(frame.filter(noise=0.0), WORDS, "learner", "round"):
            said.append(f"{look.label}: regret {kit.with_interval(kit.last(rows), 'regret_{}', '.2f')}.")
        noisy = frame.filter(frame["noise"] > 0.0)
        for flip in sorted(set(noisy["noise"])):
            row = kit.last(noisy.filter(noise=flip).sort("round"))
            said.append(
                f"Noise {flip:g}: regret {kit.with_interval(row, 'regret_{}', '.2f')}, budget "
                f"{kit.with_interval(row, 'budget_{}', '.2f')} of {row['limit']:.2f}."
            )
        return said


RULES = {
    "consensus": Look("with consensus", style.BLUE, "o"),
    "first": Look("without, ties to the first", style.RED, "D"),
    "random": Look("without, ties drawn", style.GREEN, "s"),
}


class Consensus(Figure):
    """Regret with and without the rule that plays what is best for all possible hypotheses."""

    name = "xu2025_consensus"
    title = "Optimism without consensus can err for ever where words say too little"
    claim = """Where all possible hypotheses share a best action HELiX plays it. Without that rule it follows one
    hypothesis that promises most, and may play what is best for that one alone in every round, if no word speaks
    against it."""
    caption = """HELiX with the rule of consensus (and ties to the first) and without it. (a) Two hypotheses and two
    actions of which nothing is said: the first hypothesis holds both actions for best, the second, which is true, only
    the second action. Mean regret with 95% intervals. (b) Worlds drawn at random: six hypotheses and actions, an action
    is worth 0 or 1 under a hypothesis with the same probability, and each pair has one of the number of words shown.
    All hypotheses are true equally often; mean over worlds of the regret after T rounds, with 95% intervals. Where
    nothing is said six hypotheses rarely share a best action; with some words those that stay possible often do. Drawn
    ties help as much there, since they try several actions, but not in (a)."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(horizon=20, worlds=2, vocabularies=(1, 2), repetitions=6)
    paper = changed(worlds=256, repetitions=512)

    horizon: int = setting("horizon T (rounds)", 200)
    vocabularies: tuple[int, ...] = setting("numbers of words", (1, 2, 3, 4, 6))
    hypotheses: int = setting("hypotheses N and actions of the random worlds", 6)
    worlds: int = setting("random worlds for each number of words", 32)
    repetitions: int = setting("repetitions", 60)
    seed: int = setting("seed", 2025)

    def data(self) -> Frame:
        """Return a row for each rule and round of the small world, and for each rule and number of words."""
        learners = {"consensus": Helix(), "first": Helix(consensus=False), "random": Helix("random", consensus=False)}
        silent = WordWorld(np.array([[1.0, 1.0], [0.0, 1.0]]), np.zeros((2, 2), int))
        game, rounds = LanguageGame(silent, self.horizon, truth=1), tuple(range(10, self.horizon + 1, 10))
        found = runs([Cell(game, learner, self.repetitions, self.seed, rounds) for learner in learners.values()])
        tables = [
            kit.table({"panel": "silent", "rule": rule, "at": run.rounds} | kit.run_interval(run, "regret"))
            for rule, run in zip(learners, found, strict=True)
        ]
        rng = np.random.default_rng(self.seed)
        for count in self.vocabularies:
            games = [LanguageGame(self._drawn(rng, count), self.horizon, truth="each") for _ in range(self.worlds)]
            for rule, learner in learners.items():
                played = runs([Cell(game, learner, self.repetitions, self.seed, (self.horizon,)) for game in games])
                means = np.array([[run.final("regret").mean()] for run in played])
                row: Row = {"panel": "worlds", "rule": rule, "at": [count]}
                tables.append(kit.table(row | kit.interval("regret", means)))
        return kit.stack(tables)

    def _drawn(self, rng: np.random.Generator, count: int) -> WordWorld:
        shape = (self.hypotheses, self.hypotheses)
        return WordWorld(rng.integers(2, size=shape).astype(float), rng.integers(count, size=shape))

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret against the round, and against the number of words."""
        for panel, name in zip(axes, ("silent", "worlds"), strict=True):
            for _, look, rows in kit.curves(frame, RULES, "rule", "at", panel=name):
                kit.curve(panel, rows, "at", "regret_{}", look)
        axes[0].set(xlabel="round $t$", ylabel="regret (reward)")
        rounds = frame.filter(panel="silent")["at"].max()
        axes[1].set(xlabel="number of words", ylabel=f"regret after {rounds} rounds (reward)")
        kit.finish(axes, ["nothing is said", "random worlds"])

    def findings(self, frame: Frame) -> list[str]:
        """Return the last regret of each rule where nothing is said, and over random worlds."""
        said = []
        for name, what in (("silent", "nothing said, last round"), ("worlds", "random worlds, most words")):
            for _, look, rows in kit.curves(frame, RULES, "rule", "at", panel=name):
                said.append(f"{look.label}, {what}: {kit.with_interval(kit.last(rows), 'regret_{}', '.2f')}.")
        return said
