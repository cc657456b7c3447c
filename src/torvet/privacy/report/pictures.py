"""Two pictures as SVG, drawn from numbers alone: curves of loss over suppression, and paired bars.

No script and no font of their own: they look the same in a mail, on paper and without a network.
Colours are told apart without seeing colour too: every curve bears its name at its end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 92, 16, 46
_COLOURS = ("#0f5c4f", "#b45f06", "#3d5a98", "#8a2d5c", "#5b7f1b", "#6b4fa0", "#a3261f", "#31708f")
_TICKS = 5
_BAR_PX = 18
_LABEL_PX, _SIDE_PX, _GAP_PX = 190, 300, 56
_LABEL_CHARACTERS_MAX = 26

_At = Callable[[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One k: the least loss that is to be had with at most so many rows suppressed."""

    name: str
    points: tuple[tuple[float, float], ...]
    """(share of rows suppressed, loss), both from 0 to 1, by rising share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One value and the share of rows that bear it, from 0 to 1."""

    label: str
    share: float


def curves(lines: Sequence[Curve], *, chosen: tuple[float, float], limit: float, title: str) -> str:
    """Draw loss (upwards) over suppressed rows (to the right), with what was `chosen` marked."""
    right = max([limit, chosen[0], *(x for line in lines for x, _ in line.points)], default=1) or 1
    shown = min(1.0, right)

    def at(x: float, y: float) -> tuple[float, float]:
        wide, high = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
        return _LEFT + wide * x / shown, HEIGHT - _BOTTOM - high * y

    parts = [_open(WIDTH, HEIGHT, title), *_axes(shown, at)]
    if limit <= shown:
        x, top = at(limit, 1)
        parts.append(
            f'<line x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" y2="{HEIGHT - _BOTTOM}"'
            ' class="limit"/>'
        )
    parts.extend(_lines(lines, at))
    x, y = at(*chosen)
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" class="chosen"/>')
    parts.append(f'<text x="{x + 10:.1f}" y="{y - 10:.1f}" class="strong">this release</text>')
    return "".join([*parts, "</svg>"])


def _axes(shown: float, at: _At) -> list[str]:
    parts = []
    for step in range(_TICKS + 1):
        share = step / _TICKS
        x, base = at(share * shown, 0)
        side, y = at(0, share)
        parts.append(
            f'<line x1="{side:.1f}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{side - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{share:.0%}</text>'
            f'<text x="{x:.1f}" y="{base + 18:.1f}" text-anchor="middle">{share * shown:.1%}</text>'
        )
    middle = _LEFT + (WIDTH - _LEFT - _RIGHT) / 2
    parts.append(
        f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">rows suppressed</text>'
        f'<text x="14" y="{HEIGHT / 2}" transform="rotate(-90 14 {HEIGHT / 2})"'
        ' text-anchor="middle">detail lost</text>'
    )
    return parts


def _lines(lines: Sequence[Curve], at: _At) -> list[str]:
    parts: list[str] = []
    taken: list[float] = []
    for number, line in enumerate(lines):
        if not line.points:
            continue
        colour = _COLOURS[number % len(_COLOURS)]
        steps = _stairs(line.points)
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in steps))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = at(*steps[-1])
        while any(abs(y - other) < 14 for other in taken):  # noqa: PLR2004 - one line of text
            y -= 14
        taken.append(y)
        named = escape(line.name)
        parts.append(f'<text x="{x + 6:.1f}" y="{y + 4:.1f}" fill="{colour}">{named}</text>')
    return parts


def _stairs(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the corners: a lattice has no points between its nodes."""
    corners = [points[0]]
    for x, y in points[1:]:
        corners += [(x, corners[-1][1]), (x, y)]
    return corners


def paired_bars(before: Sequence[Bar], after: Sequence[Bar], *, title: str) -> str:
    """Draw the shares of values before and after, side by side, each in its own order."""
    rows = max(len(before), len(after), 1)
    width = 2 * (_LABEL_PX + _SIDE_PX) + _GAP_PX
    height = rows * (_BAR_PX + 4) + 30
    top = max([bar.share for bar in (*before, *after)], default=1) or 1
    parts = [_open(width, height, title)]
    for column, (heading, bars) in enumerate((("before", before), ("after", after))):
        start = column * (_LABEL_PX + _SIDE_PX + _GAP_PX)
        parts.append(f'<text x="{start + _LABEL_PX}" y="14" class="strong">{heading}</text>')
        for row, bar in enumerate(bars):
            y = 24 + row * (_BAR_PX + 4)
            long = (_SIDE_PX - 60) * bar.share / top
            parts.append(
                f'<text x="{start + _LABEL_PX - 8}" y="{y + 13}" text-anchor="end">'
                f"{escape(_short(bar.label))}</text>"
                f'<rect x="{start + _LABEL_PX}" y="{y}" width="{long:.1f}" height="{_BAR_PX}"'
                f' rx="2" fill="{_COLOURS[column]}"/>'
                f'<text x="{start + _LABEL_PX + long + 6:.1f}" y="{y + 13}">{bar.share:.1%}</text>'
            )
    return "".join([*parts, "</svg>"])


def _short(label: str) -> str:
    if len(label) <= _LABEL_CHARACTERS_MAX:
        return label
    return label[: _LABEL_CHARACTERS_MAX - 1] + "…"


def _open(width: float, height: float, title: str) -> str:
    said = escape(title)
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{said}"'
        f' xmlns="http://www.w3.org/2000/svg"><title>{said}</title>'
    )
