"""Float32 noise taken out of numbers, and leaks as shifts."""

from __future__ import annotations

from fractions import Fraction

from edge_sast.model.layers import MAX_SHIFT

NOISE = Fraction(1, 1 << 20)  # of float32 in a few operations, relative
MOST_DIGITS = 8  # significant bits of a number that float32 noise is taken from
MOST_NOISE = Fraction(1, 8)  # of a step, in a number of steps


def snap(value: float | Fraction, noise: Fraction = NOISE) -> Fraction:
    """The number that a float32 stands for: one of at most MOST_DIGITS significant bits within noise, else itself."""
    exact = Fraction(value)
    if not exact:
        return exact
    scale = Fraction(2) ** (MOST_DIGITS - _exponent(abs(exact)))
    near = Fraction(round(exact * scale)) / scale
    return near if abs(near - exact) <= noise * abs(exact) else exact


def to_steps(value: Fraction, noise: Fraction) -> Fraction:
    """A number of steps of a grid, whole where only noise, relative to it, keeps it from that: 0.3 in steps of 0.1."""
    near = round(value)
    return Fraction(near) if abs(near - value) <= min(noise * abs(value), MOST_NOISE) else value


def roundish(value: Fraction) -> bool:
    """Whether a number has so few bits that float32 adds weights of few bits to it without rounding."""
    top, below = abs(value.numerator), value.denominator
    significant = top // (top & -top) if top else 0
    return significant.bit_length() <= MOST_DIGITS and below & (below - 1) == 0


def _exponent(value: Fraction) -> int:
    """The e of 2^(e-1) <= value < 2^e, or one more."""
    return value.numerator.bit_length() - value.denominator.bit_length() + 1


def shown(value: Fraction, digits: int = 6) -> str:
    """A number in a line of text, also one beyond float64."""
    try:
        return f"{float(value):.{digits}g}"
    except OverflowError:
        return f"{'below -' if value < 0 else 'above '}1e+308"


def leak_shifts(lost: Fraction) -> tuple[tuple[int, ...], Fraction]:
    """Shifts whose 2^-k1 + 2^-k2 is nearest to what a step loses (1 - decay), and what they lose."""
    powers = [(k,) for k in range(1, MAX_SHIFT + 1)]
    pairs = [(a, b) for a in range(1, MAX_SHIFT) for b in range(a + 1, MAX_SHIFT + 1)]
    found: list[tuple[int, ...]] = [(), *powers, *pairs]
    best = min(found, key=lambda shifts: abs(lost_by(shifts) - lost))
    return best, lost_by(best)


def lost_by(shifts: tuple[int, ...]) -> Fraction:
    """What a leak of these shifts takes of a membrane per step, but for its rounding."""
    return sum((Fraction(1, 1 << k) for k in shifts), Fraction(0))
