"""Formulas of bounds: their minimisers, how they grow, and functions on floats."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import mpmath
import sympy as sp


def minimiser(objective: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """Return the one positive stationary point of `objective` in `symbol`, where its second derivative is positive.

    The objective must be a sum of powers of the symbol, with one falling and one rising term.
    Raises ValueError otherwise.
    """
    falling, rising = sp.Integer(0), sp.Integer(0)
    powers: set[tuple[int, sp.Expr]] = set()
    for term in sp.Add.make_args(sp.expand(objective)):
        coefficient, power = term.as_independent(symbol)
        exponent = sp.simplify(symbol * sp.diff(power, symbol) / power)
        if exponent.is_negative:
            falling += coefficient
            powers.add((-1, exponent))
        elif exponent.is_positive:
            rising += coefficient
            powers.add((1, exponent))
        elif exponent != 0:
            raise ValueError(f"{term} is not a power of {symbol}")
    signs = dict(powers)
    if len(powers) != 2 or set(signs) != {-1, 1}:
        raise ValueError(f"{objective} is not a x^-p + b x^q in {symbol}")
    p, q = -signs[-1], signs[1]
    return sp.powsimp(sp.simplify((p * sp.factor(falling) / (q * sp.factor(rising))) ** (1 / (p + q))))


def relaxed(expression: sp.Expr) -> sp.Expr:
    """Return the expression with ceilings and floors taken away."""
    return expression.replace(sp.ceiling, lambda x: x).replace(sp.floor, lambda x: x)


def growth_exponent(expression: sp.Expr, symbol: sp.Symbol) -> Fraction:
    """Return a with expression = symbol^(a + o(1)) as the symbol grows, the other symbols fixed.

    From the values at 10^20000 and 10^40000, where a logarithm's factor moves the slope by less than 1e-4.
    """
    if symbol not in expression.free_symbols:
        return Fraction(0)
    others = {s: sp.Integer(3) for s in expression.free_symbols if s != symbol}
    function = sp.lambdify(symbol, expression.subs(others), modules=[{"harmonic": mpmath.harmonic}, "mpmath"])
    with mpmath.workdps(30):
        low, high = (mpmath.log(abs(function(mpmath.mpf(10) ** k)), 10) for k in (20_000, 40_000))
        return Fraction(float((high - low) / 20_000)).limit_denominator(60)


def compiled(expression: sp.Expr, symbols: Sequence[sp.Symbol]) -> Callable[..., float]:
    """Return the expression as a function of its symbols, in this order, on floats."""
    functions = {"harmonic": _harmonic, "Min": min, "Max": max, "ceiling": math.ceil, "floor": math.floor}
    function: Callable[..., float] = sp.lambdify(symbols, expression, modules=[functions, "math"])
    return function


def _harmonic(n: float) -> float:
    if n > 1000.0:  # the next term of the series is 1 / (120 n^4)
        return math.log(n) + _EULER + (0.5 - 1.0 / (12.0 * n)) / n
    return math.fsum(1.0 / k for k in range(1, int(n) + 1))


_EULER = 0.5772156649015329
