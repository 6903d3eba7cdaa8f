"""A theorem as an object: what it bounds, by how much, under which assumptions, and where it is proved.

The right side of a bound is a SymPy expression in the field's symbols with the theorem's own constants. From
it come the numeric value, the LaTeX, the exponent of any symbol and the parameters that minimise it; none of
these is written down a second time. Bounds import neither learners nor simulator: they read plain attributes
(`problem.horizon`, the fields of `learner.parameters(problem)`).
"""

import difflib
import html
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

import sympy as sp

from bandits.core.arguments import Checked
from bandits.core.checks import number, shown
from theory.expressions import compiled, growth_exponent, minimiser, relaxed


class Symbol(sp.Symbol):
    """The symbol of a field: of an attribute of a problem or of a learner's parameters.

    field: the attribute's name.  at_most, below: the largest value there is, or the least that is too large.
    Symbols with one text are different where their fields differ, so families may use a letter each in their own way.
    """

    __slots__ = ("at_most", "below", "field")

    def __new__(
        cls, field: str, text: str, at_most: float = math.inf, below: float = math.inf, **kind: bool
    ) -> "Symbol":
        """Return the symbol; kind: SymPy's assumptions, such as integer=True, by default positive."""
        symbol: Symbol = sp.Symbol.__xnew__(cls, text, **(kind or {"positive": True}))
        symbol.field, symbol.at_most, symbol.below = field, at_most, below
        return symbol

    @classmethod
    def class_key(cls) -> tuple[int, int, str]:
        """Return the place among other symbols, so that expressions print in SymPy's usual order."""
        return sp.Symbol.class_key()

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, bool]]:
        return (self.field, self.name, self.at_most, self.below), self._assumptions_orig

    def _hashable_content(self) -> tuple[Any, ...]:
        return (*super()._hashable_content(), self.field, self.at_most, self.below)

    @property
    def limits(self) -> tuple[sp.Rel, ...]:
        """The upper end of the field as a relation, where there is one."""
        ends = (sp.Le(self, self.at_most), sp.Lt(self, self.below))
        return tuple(end for end, value in zip(ends, (self.at_most, self.below)) if value != math.inf)


T = Symbol("horizon", "T", positive=True, integer=True)
K = Symbol("n_actions", "K", positive=True, integer=True)
ETA = Symbol("learning_rate", "eta")
DELTA = Symbol("failure_probability", "delta", below=1)


@dataclass(frozen=True)
class Source(Checked):
    """Where a theorem stands: paper, place in it, address; confirmed: whether the place was compared with the text."""

    paper: str
    where: str
    url: str = ""
    confirmed: bool = False

    def __str__(self) -> str:
        """Return paper, place and address; numbers of theorems that were only recalled are marked."""
        recalled = any(word in self.where for word in ("Theorem", "Lemma", "Proposition", "Section"))
        mark = "number not compared with the text" if recalled and not self.confirmed else ""
        return ", ".join(part for part in (self.paper, self.where, mark, self.url) if part)


@dataclass(frozen=True)
class Assumption(Checked):
    """A condition in words, as a test of (problem, learner), and as relations of fields where it limits those."""

    text: str
    holds: Callable[[Any, Any], bool] = field(compare=False)
    limits: tuple[sp.Rel, ...] = ()

    def where(self, *limits: sp.Rel) -> "Assumption":
        """Return the assumption with its conditions on fields: `Bound.value` then refuses other values."""
        return replace(self, limits=limits)


@dataclass(frozen=True)
class Tuning(Checked):
    """A parameter and the value that minimises `objective`, found when it is first asked for.

    objective: a x^-p + b x^q + rest in the parameter x, or any with a `given` minimiser.  rounding: from the minimiser
    to the value that is played.
    """

    symbol: sp.Symbol
    objective: sp.Expr
    rounding: Callable[[sp.Expr], sp.Expr] = lambda best: best
    given: sp.Expr | None = None

    @cached_property
    def best(self) -> sp.Expr:
        """The minimiser; ValueError where the objective has another form and none is given."""
        return minimiser(self.objective, self.symbol) if self.given is None else self.given

    @cached_property
    def rounded(self) -> sp.Expr:
        """The value that is played."""
        return self.rounding(self.best)


@dataclass(frozen=True)
class Bound(Checked):
    """A theorem about a quantity of a learner in a problem.

    name: "source.what".  learner: class name, or "" where it holds for every learner.  quantity: the metric
    of the problem.  direction: "upper" or "lower".  mode: in "expectation", with "probability" (at least
    1 - failure_probability) or on "every path".  expression: the right side.  rate_only: only its growth is
    claimed, so it has exponents and no value.  tunings: parameters that minimise it.  statement: in words.
    readers: how to work out fields that are no plain attribute, name -> function of (problem, parameters).
    """

    name: str
    learner: str
    quantity: str
    expression: sp.Expr
    source: Source
    statement: str
    direction: Literal["upper", "lower"] = "upper"
    mode: Literal["expectation", "probability", "every path"] = "expectation"
    assumptions: tuple[Assumption, ...] = ()
    tunings: tuple[Tuning, ...] = ()
    rate_only: bool = False
    readers: Mapping[str, Callable[[Any, Any], float]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.expression, sp.Expr):
            raise TypeError(f"expression must be a SymPy expression, got {self.expression!r}")
        free = self.expression.free_symbols
        unknown = sorted(str(symbol) for symbol in free if not isinstance(symbol, Symbol))
        if unknown:
            raise ValueError(f"expression must be in symbols of fields (theory.bound.Symbol), got {', '.join(unknown)}")
        if len(set(map(str, free))) < len(free) or len({symbol.field for symbol in free}) < len(free):
            raise ValueError(f"each field must have one symbol and each symbol one field, got {self.expression}")

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the attributes that the expression needs."""
        return tuple(sorted(symbol.field for symbol in self.expression.free_symbols))

    @cached_property
    def symbols(self) -> dict[str, Symbol]:
        """The symbol of each field: of the expression's, of those that tune it, and of the horizon."""
        found = {T, *self.expression.free_symbols}
        for tuning in self.tunings:
            found |= {tuning.symbol, *tuning.rounded.free_symbols}
        return {symbol.field: symbol for symbol in found}

    @property
    def tuned(self) -> sp.Expr:
        """The expression with its minimising parameters put in, integers left real."""
        expression = relaxed(self.expression)
        for tuning in self.tunings:
            expression = expression.subs(tuning.symbol, relaxed(tuning.best))
        return expression

    @cached_property
    def _function(self) -> Callable[..., float]:
        return compiled(self.expression, self._arguments)

    @property
    def _arguments(self) -> tuple[Symbol, ...]:
        return tuple(self.symbols[name] for name in self.fields)

    @cached_property
    def domain(self) -> tuple[sp.Rel, ...]:
        """Conditions on the fields beyond their signs: upper limits, and those of the assumptions."""
        known = self.expression.free_symbols
        stated = [limit for assumption in self.assumptions for limit in assumption.limits]
        limits = [*(limit for symbol in known for limit in symbol.limits), *stated]
        return tuple(dict.fromkeys(limit for limit in limits if limit.free_symbols <= known))

    @cached_property
    def _sides(self) -> list[tuple[str, sp.Rel, Callable[..., Any]]]:
        """For every limit: its text in the fields' names, itself, and both sides as a function of the fields."""
        names = {symbol: sp.Symbol(name) for name, symbol in self.symbols.items()}
        return [(str(r.subs(names)), r, compiled(sp.Tuple(r.lhs, r.rhs), self._arguments)) for r in self.domain]

    def value(self, **fields: float) -> float:
        """Return the bound's value; fields by full name, horizon=1000, n_actions=5, ...

        Raises TypeError for a missing or unknown field, ValueError for one out of range or for a rate.
        """
        if self.rate_only:
            raise ValueError(f"{self.name} claims a rate only: it has exponents, not a value")
        missing, unknown = sorted(set(self.fields) - set(fields)), sorted(set(fields) - set(self.symbols))
        if missing or (unknown := [name for name in unknown if name not in _every_field()]):
            raise TypeError(f"{self.name} needs {', '.join(self.fields)}; missing {missing}, unknown {unknown}")
        values = [_in_range(self.symbols[name], fields[name]) for name in self.fields]
        for text, limit, sides in self._sides:
            if not _satisfied(limit, *sides(*values)):
                given = zip(self._arguments, values, strict=True)
                got = ", ".join(f"{s.field} = {value:g}" for s, value in given if s in limit.free_symbols)
                raise ValueError(f"{self.name} must have {text}, got {got}")
        result = self._finite(values)
        if result is None:
            raise ValueError(f"{self.name} has no finite value there: {self._at_fault(values)} out of range")
        return result

    def _finite(self, values: Sequence[float]) -> float | None:
        try:
            result = self._function(*values)
        except (ArithmeticError, ValueError):  # a pole, or beyond the doubles
            return None
        return float(result) if isinstance(result, (int, float)) and math.isfinite(result) else None

    def _at_fault(self, values: list[float]) -> str:
        """Return the fields that leave the value finite when they alone are moved, with their values."""
        found = []
        for i, (name, value) in enumerate(zip(self.fields, values, strict=True)):
            others = [[*values[:i], other, *values[i + 1 :]] for other in (0.25, 0.75, 2.0, 10.0)]
            if any(self._finite(moved) is not None for moved in others):
                found.append(f"{name} = {value:g}")
        return ", ".join(found or map("{} = {:g}".format, self.fields, values)) + (" is" if len(found) == 1 else " are")

    def value_for(self, problem: Any, learner: Any, given: Mapping[str, float] | None = None) -> float:
        """Return the bound's value for a learner in a problem, with the learner's own parameters or those `given`."""
        parameters = learner.parameters(problem) if learner is not None else None
        fields = {name: self.read(name, problem, parameters) for name in self.fields if name not in (given or {})}
        return self.value(**fields, **{name: value for name, value in (given or {}).items() if name in self.fields})

    def read(self, name: str, problem: Any, parameters: Any) -> float:
        """Return a field for a problem and a learner's parameters.

        Raises TypeError where neither has it, or what it is worked out from is missing, ValueError out of range.
        """
        if name not in self.readers:
            holder = problem if hasattr(problem, name) else parameters
            if not hasattr(holder, name):
                raise TypeError(f"{self.name} needs {name}, which neither the problem nor the learner has")
            return float(getattr(holder, name))
        try:
            return float(self.readers[name](problem, parameters))
        except AttributeError as error:
            raise TypeError(f"{self.name} needs {name}, which cannot be worked out: {error}") from None
        except (ArithmeticError, ValueError) as error:
            raise ValueError(f"{self.name} has no finite {name} there: {error}") from None

    def applies(self, problem: Any, learner: Any) -> list[str]:
        """Return the texts of the assumptions that fail; none means that the theorem applies."""
        return [a.text for a in self.assumptions if not a.holds(problem, learner)]

    def exponent(self, name: str, along: Mapping[str, sp.Expr] | None = None) -> Fraction:
        """Return the exponent with which the tuned bound grows in a field, logarithms and rounding left out.

        along: other fields as expressions, as in exponent("horizon", {"budget": T ** Rational(3, 4)}).
        """
        fields = {name, *(along or {})}
        unknown = sorted(fields - set(self.symbols) - _every_field()) if fields - set(self.symbols) else []
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: no such field; there are {', '.join(sorted(_every_field()))}")
        powers = {self.symbols[other]: power for other, power in (along or {}).items() if other in self.symbols}
        expression = self.tuned.subs(powers)
        symbol = {getattr(s, "field", ""): s for s in expression.free_symbols}.get(name)
        return Fraction(0) if symbol is None else growth_exponent(expression, symbol)

    def latex(self) -> str:
        """Return the right side as LaTeX."""
        text: str = sp.latex(self.expression, ln_notation=True)
        return rf"O({text})" if self.rate_only and self.direction == "upper" else text

    def __repr__(self) -> str:
        sign = "<=" if self.direction == "upper" else ">="
        return f"Bound({self.name!r}, {self.quantity} {sign} {self.expression})"

    def _repr_html_(self) -> str:
        """Return the theorem with its formula in MathML, which browsers draw, for notebooks and the site."""
        from sympy.printing.mathml import mathml

        sign, lines = "&#8804;" if self.direction == "upper" else "&#8805;", self.explain().splitlines()
        value = mathml(self.expression, printer="presentation").replace("<mi>log</mi>", "<mi>ln</mi>")
        if self.rate_only and self.direction == "upper":
            value = f"<mi>O</mi><mo>(</mo>{value}<mo>)</mo>"
        quantity = f"<mtext>{self.quantity.replace('_', ' ')}</mtext>"
        formula = f'<math display="block"><mrow>{quantity}<mo>{sign}</mo>{value}</mrow></math>'
        words = "".join(f"<div>{html.escape(line)}</div>" for line in [lines[1], *lines[3:]])
        return f"<p><b>{self.name}</b> ({self.mode})</p>{formula}{words}"

    def explain(self) -> str:
        """Return the theorem in words, with source, assumptions and tuning, one item per line."""
        sign = "<=" if self.direction == "upper" else ">="
        order = "of order " if self.rate_only else ""
        lines = [
            self.name,
            f"  {self.statement}",
            f"  {self.quantity} ({self.mode}) {sign} {order}{self.expression}",
            f"  learner: {self.learner or 'every learner'}",
            f"  source: {self.source}",
        ]
        lines += [f"  assumes: {a.text}" for a in self.assumptions]
        lines += [f"  least at {t.symbol} = {t.rounded}" for t in self.tunings]
        return "\n".join(lines)


def found_in(names: Mapping[str, Any]) -> tuple[Bound, ...]:
    """Return the bounds among the variables of a module, alone or in tuples, in order and each once."""
    groups = [value if isinstance(value, tuple) else (value,) for value in names.values()]
    return tuple(dict.fromkeys(bound for group in groups for bound in group if isinstance(bound, Bound)))


def _every_field() -> set[str]:
    """Return the fields of all theorems: one that a bound does not depend on may be given all the same."""
    from theory import catalogue

    return {name for bound in catalogue().values() for name in bound.symbols}


def _in_range(symbol: Symbol, value: Any) -> float:
    """Return the field's value as a float; TypeError or ValueError for what its symbol cannot be."""
    name, given = symbol.field, number(symbol.field, value)
    least = 1.0 if symbol.is_positive and symbol.is_integer else 0.0
    if not math.isfinite(given) or given < least or (symbol.is_positive and given <= 0):
        wanted = "positive" if symbol.is_positive and not least else f"at least {least:g}"
        raise ValueError(f"{name} must be finite and {wanted}, got {shown(value)}")
    return given


def _satisfied(limit: sp.Rel, left: float, right: float) -> bool:
    """Return whether the relation holds; where its ends belong to it, up to a few roundings."""
    ahead = left - right if isinstance(limit, (sp.GreaterThan, sp.StrictGreaterThan)) else right - left
    if isinstance(limit, (sp.StrictLessThan, sp.StrictGreaterThan)):
        return ahead > 0.0
    return ahead >= -1e-12 * max(abs(left), abs(right))


_MANY = 12  # names in one message


def nearest(name: str, known: Mapping[str, Any]) -> str:
    """Return a hint for a name that is not known."""
    wanted = str(name).lower()
    near = sorted((k for k in known if wanted in k), key=lambda k: (not k.endswith(f".{wanted}"), len(k)))
    near = near or difflib.get_close_matches(name, known, n=3)
    if near and len(near) <= _MANY:
        return f"did you mean {', '.join(near)}?"
    return f"there are {', '.join(known)}" if len(known) <= _MANY else "`regretlab bounds` lists all"
