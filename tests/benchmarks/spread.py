"""Figures with their noise."""

import statistics
from collections.abc import Callable, Sequence


def alternating(rounds: int, *timed: Callable[[], float]) -> list[list[float]]:
    """What each of several measurements gives, taken in turns so that the machine's moods meet all of them alike."""
    results: list[list[float]] = [[] for _ in timed]
    for _ in range(rounds):
        for result, measurement in zip(results, timed, strict=True):
            result.append(measurement())
    return results


def shown(figures: Sequence[float], unit: str = "", digits: int = 1) -> str:
    """`12.3 ms (11.9 to 13.0)`: the median, the least and the most."""
    middle, least, most = statistics.median(figures), min(figures), max(figures)
    return f"{middle:,.{digits}f}{unit} ({least:,.{digits}f} to {most:,.{digits}f})"


def ratios(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [a / b for a, b in zip(one, other, strict=True)]
