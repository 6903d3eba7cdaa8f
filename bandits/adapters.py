"""Policies of other libraries as learners: `from_policy`.

    from_policy(lambda problem: river.bandit.Exp3(gamma=0.1))
    from_policy(lambda problem: MAB(list(range(problem.n_actions)), LearningPolicy.UCB1()))
    from_policy(Mine(), act=lambda policy, context: policy.choose(), update=lambda policy, context, i, loss: ...)

Known by their methods are policies with `pull(arms)` and `update(arm, reward)` (river), `predict()` and
`partial_fit(decisions, rewards)` (MABWiser), `predict(X)` and `partial_fit(X, a, r)` (contextualbandits, for problems
with contexts), `predict(text)` and `learn(text)` (Vowpal Wabbit with `--cb_explore K`). They are given the reward 1 -
loss, and if they take contexts, what the problem shows before the action, or 1 where it shows nothing. Others need
`act` and `update`.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from bandits.core.checks import shown, text
from bandits.plain import Plain, must_take

Act = Callable[[Any, Any], Any]  # (policy, observation) -> action
Update = Callable[[Any, Any, Any, Any], Any]  # (policy, observation, action, feedback)


def from_policy(policy: Any, act: Act | None = None, update: Update | None = None, name: str | None = None) -> Plain:
    """Return a learner that plays a policy of another library; the interpreter plays it.

    policy: a function that makes the policy, from nothing, the problem, or the problem and the repetition's
    `numpy.random.Generator`; or a policy, of which each repetition plays a copy. Generators that it holds are seeded
    anew in each repetition (`bandits.plain`).
    act: (policy, observation) -> action.  update: (policy, observation, action, feedback), to learn from a round.
    Observations are None in problems that show nothing before the action. Without act and update the policy must have
    the methods of a known library (see the module), and the feedback must be the loss of the action.
    name: shown in tables, by default that of the policy's class or function.

    Raises TypeError for one of act and update without the other, or with other arguments, and for a name that is no
    text.
    """
    if (act is None) != (update is None):
        raise TypeError("from_policy needs both act and update, or neither")
    if act is not None and update is not None:
        must_take("act", act, "policy, observation")
        must_take("update", update, "policy, observation, action, feedback")
    return Plain(_Adapted(policy, act, update, _name_of(policy) if name is None else text("name", name)))


def _name_of(policy: Any) -> str:
    if not (inspect.isroutine(policy) or inspect.isclass(policy)):
        return type(policy).__name__
    return "policy" if policy.__name__ == "<lambda>" else policy.__name__


class _Adapted:
    """A policy behind the methods of a plain learner."""

    def __init__(self, policy: Any, act: Act | None, update: Update | None, name: str) -> None:
        self.policy, self.name, self._act, self._update = policy, name, act, update

    def parameters(self, problem: Any) -> dict[str, Any]:
        """Return the attributes of a policy, among which a theorem finds its parameters."""
        return {} if inspect.isroutine(self.policy) else dict(getattr(self.policy, "__dict__", {}))

    def reset(self, problem: Any, rng: np.random.Generator) -> None:
        """Make the policy."""
        made_by: Any = self.policy
        if inspect.isroutine(self.policy) or inspect.isclass(self.policy):
            takes = len(inspect.signature(made_by).parameters)
            self.policy = made_by(*(problem, rng)[:takes])
        if self._act is None:
            self._known = _known(self.policy, problem, rng)

    def act(self, observation: Any, rng: np.random.Generator) -> Any:
        """Return the policy's action."""
        return self._act(self.policy, observation) if self._act else self._known.act(observation)

    def update(self, observation: Any, action: Any, feedback: Any, rng: np.random.Generator) -> None:
        """Tell the policy what came of its action."""
        if self._update:
            self._update(self.policy, observation, action, feedback)
        else:
            self._known.update(observation, action, 1.0 - getattr(feedback, "loss", feedback))


# ---------------------------------------------------------------- libraries by their methods


def _known(policy: Any, problem: Any, rng: np.random.Generator) -> Any:
    """Return a known policy behind act(observation) and update(observation, action, reward); TypeError for others."""
    if getattr(problem.feedback, "kind", "") not in ("bandit", "contextual bandit"):
        raise TypeError(
            f"{_name_of(policy)} learns from the loss of its action; for other feedback give act and update"
        )
    kinds: tuple[Any, ...] = (_Pulls, _Decides, _Fits, _Learns)
    for kind in kinds:
        if kind.is_like(policy):
            return kind(policy, problem.n_actions, rng)
    raise TypeError(f"from_policy knows no library with the methods of {shown(policy)}: give act and update")


def _takes(policy: Any, method: str) -> list[str]:
    function = getattr(policy, method, None)
    return list(inspect.signature(function).parameters) if callable(function) else []


class _Pulls:
    """A policy with pull(arms) and update(arm, reward), as river's; with contexts pull(arms, context=...)."""

    def __init__(self, policy: Any, n_actions: int, rng: np.random.Generator) -> None:
        self.policy, self.arms = policy, list(range(n_actions))
        self.contextual = "context" in _takes(policy, "pull")

    @staticmethod
    def is_like(policy: Any) -> bool:
        return bool(_takes(policy, "pull")) and bool(_takes(policy, "update"))

    def act(self, observation: Any) -> Any:
        return self.policy.pull(self.arms, *([_named(observation)] if self.contextual else []))

    def update(self, observation: Any, action: Any, reward: float) -> None:
        self.policy.update(action, *([_named(observation)] if self.contextual else []), reward)


class _Decides:
    """A policy with predict() and partial_fit(decisions, rewards), like MABWiser's.

    It must have seen an action before it decides: each is played once, in order.
    """

    def __init__(self, policy: Any, n_actions: int, rng: np.random.Generator) -> None:
        self.policy, self.unseen = policy, list(range(n_actions))
        self.arms = list(getattr(policy, "arms", self.unseen))
        self.contextual = getattr(policy, "is_contextual", False)
        if len(self.arms) != n_actions:
            raise TypeError(f"the policy has {len(self.arms)} arms, and the problem {n_actions} actions")

    @staticmethod
    def is_like(policy: Any) -> bool:
        return {"decisions", "rewards"} <= set(_takes(policy, "partial_fit")) and bool(_takes(policy, "predict"))

    def act(self, observation: Any) -> Any:
        if self.unseen:
            return self.unseen[0]
        return self.arms.index(self.policy.predict(*self._contexts(observation)))

    def update(self, observation: Any, action: Any, reward: float) -> None:
        if action in self.unseen:
            self.unseen.remove(action)
        self.policy.partial_fit([self.arms[action]], [reward], *self._contexts(observation))

    def _contexts(self, observation: Any) -> list[Any]:
        return [_row(observation)] if self.contextual else []


class _Fits:
    """A policy with predict(X) and partial_fit(X, a, r), like contextualbandits'; the first action is random."""

    def __init__(self, policy: Any, n_actions: int, rng: np.random.Generator) -> None:
        self.policy, self.first = policy, int(rng.integers(n_actions))
        self.fitted = False

    @staticmethod
    def is_like(policy: Any) -> bool:
        return {"a", "r"} <= set(_takes(policy, "partial_fit")) and bool(_takes(policy, "predict"))

    def act(self, observation: Any) -> Any:
        return np.ravel(self.policy.predict(_row(observation)))[0] if self.fitted else self.first

    def update(self, observation: Any, action: Any, reward: float) -> None:
        self.policy.partial_fit(_row(observation), np.array([action]), np.array([reward]))
        self.fitted = True


class _Learns:
    """A policy with predict(text) -> probabilities and learn(text), like a Workspace of Vowpal Wabbit."""

    def __init__(self, policy: Any, n_actions: int, rng: np.random.Generator) -> None:
        self.policy, self.n_actions, self.rng = policy, n_actions, rng

    @staticmethod
    def is_like(policy: Any) -> bool:
        return bool(_takes(policy, "learn")) and bool(_takes(policy, "predict"))

    def act(self, observation: Any) -> Any:
        found = np.asarray(self.policy.predict(_text(observation)), dtype=np.float64)
        if found.shape != (self.n_actions,):
            raise TypeError(f"predict must return {self.n_actions} probabilities (--cb_explore), got {shown(found)}")
        self.p = found / found.sum()  # they are in single precision
        return self.rng.choice(self.n_actions, p=self.p)

    def update(self, observation: Any, action: Any, reward: float) -> None:
        self.policy.learn(f"{action + 1}:{1.0 - reward}:{self.p[action]} {_text(observation)}")


def _text(observation: Any) -> str:
    """Return a context in Vowpal Wabbit's format; names that are numbers would share weights."""
    return " ".join(["|", *(f"x{name}:{value}" for name, value in _named(observation).items())])


def _named(observation: Any) -> dict[str, float]:
    """Return a context as features by name; a constant where there is none."""
    return {str(i): float(x) for i, x in enumerate(_row(observation)[0])}


def _row(observation: Any) -> Any:
    """Return a context as one row of features, (1, d); a constant where there is none."""
    return np.reshape(1.0 if observation is None else np.asarray(observation, dtype=np.float64), (1, -1))
