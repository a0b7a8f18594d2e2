"""Pictures as PNG files."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from math import log10
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator
from PIL import Image

from benchmarks.page.curves import SERVERS, Panel, Picture

_COLOURS = dict(zip(SERVERS, ("#1a56b0", "#c0392b", "#6b6b6b", "#9a7400"), strict=True))
_INK, _GRID = "#333333", "#dddddd"

_WIDTH, _HEIGHT, _DPI = 4.6, 3.1, 130
"""Inches of a diagram, and dots of an inch."""

_APART = 0.075
"""How far labels are from each other at least, as a part of the height."""

_ROOM = 0.32
"""For names at the right, as a part of the width."""

_COLOURS_IN_FILE = 48


def draw(picture: Picture, file: Path) -> None:
    """Write a picture, on white."""
    written = BytesIO()
    _drawn(picture).savefig(written, format="png", dpi=_DPI, facecolor="white")
    Image.open(written).convert("RGB").quantize(_COLOURS_IN_FILE, dither=Image.Dither.NONE).save(file, optimize=True)


def _drawn(picture: Picture) -> Figure:
    """Return two diagrams in a line at most."""
    columns = min(2, len(picture.panels))
    rows = -(-len(picture.panels) // columns)
    figure = Figure(figsize=(_WIDTH * max(columns, 1.4), _HEIGHT * rows))
    figure.set_layout_engine("constrained", hspace=0.06, wspace=0.04)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes, panel in zip(grid.flat, picture.panels, strict=True):
        _draw_panel(axes, panel)
    for axes in grid[-1]:
        axes.set_xlabel(picture.axis, color=_INK)
    figure.supylabel("cost in bare requests", color=_INK, fontsize="medium")
    _name_lines(figure.axes, picture.panels)
    figure.axes[0].set_xticks(_ticks(picture.panels))
    return figure


def _draw_panel(axes: Axes, panel: Panel) -> None:
    axes.set_title(panel.title, loc="left", fontsize="medium", color=_INK, fontweight="bold")
    axes.set(xscale="log", yscale="log")
    axes.grid(color=_GRID, linewidth=0.8)
    axes.axhline(1, color=_INK, linewidth=1)
    axes.spines[["top", "right"]].set_visible(False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.tick_params(colors=_INK, labelsize="small", length=0)
    for name, line in panel.lines.items():
        axes.plot([*line], [*line.values()], color=_COLOURS[name], linewidth=2, marker="o", markersize=4)


def _name_lines(all_axes: Sequence[Axes], panels: Sequence[Panel]) -> None:
    """Write the name of each line behind its end, where no other name is, and make room for them."""
    low, high = (log10(value) for value in all_axes[0].get_ylim())
    for axes, panel in zip(all_axes, panels, strict=False):
        places = {name: (log10(line[max(line)]) - low) / (high - low) for name, line in panel.lines.items()}
        for name, place in _moved_apart(places).items():
            _name(axes, name, max(panel.lines[name]), place)
    left, right = all_axes[0].get_xlim()
    all_axes[0].set_xlim(left, right * (right / left) ** _ROOM)


def _name(axes: Axes, name: str, end: int, place: float) -> None:
    axes.annotate(
        name,
        (end, place),
        xycoords=("data", "axes fraction"),
        xytext=(7, 0),
        textcoords="offset points",
        color=_COLOURS[name],
        fontsize="small",
        va="center",
    )


def _ticks(panels: Sequence[Panel]) -> list[int]:
    """Return the powers of ten between the ends of all lines; the sizes themselves when there are none."""
    sizes = sorted({size for panel in panels for line in panel.lines.values() for size in line})
    powers = [10**power for power in range(12) if sizes[0] <= 10**power <= sizes[-1]]
    return powers or sizes


def _moved_apart(places: Mapping[str, float]) -> dict[str, float]:
    """Return the places, moved up where they are too near the one below that ends at the same side."""
    moved: dict[str, float] = {}
    below = -1.0
    for name in sorted(places, key=places.__getitem__):
        below = moved[name] = max(places[name], below + _APART)
    return moved
