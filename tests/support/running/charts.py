"""Draws pictures of the dashboards.

The same questions are answered by a real Prometheus, and drawn panel by panel.
"""

import time
from math import isfinite
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from deploy.grafana.boards import Board, Panel
from tests.support.running.prometheus import Prometheus, on_screen

FONTS: Final = ["WenQuanYi Micro Hei", "Noto Sans CJK SC", "DejaVu Sans"]
_COLOURS: Final = [
    "#2f6f9f",
    "#c8623b",
    "#4f8f5b",
    "#8c6bb1",
    "#b8860b",
    "#5f6b73",
    "#a83e5a",
    "#2a9d8f",
    "#7f5539",
    "#3a506b",
]
_UNITS: Final = {"s": " s", "reqps": "/s", "bytes": " MB", "percentunit": "%", "short": ""}
_TIMES: Final = {"bytes": 1 / 1024**2, "percentunit": 100}


def draw(board: Board, prometheus: Prometheus, seconds: int, file: Path) -> None:
    """What the board showed in the last seconds."""
    mpl.use("Agg")
    rows = -(-len(board.panels) // 2)
    with plt.rc_context({"font.sans-serif": FONTS, "font.size": 9, "axes.unicode_minus": False}):
        figure, axes = plt.subplots(rows, 2, figsize=(14, 2.9 * rows), layout="constrained")
        figure.suptitle(f"{board.zh} {board.en}", fontsize=14, x=0.01, ha="left")
        for place in axes.flat[len(board.panels) :]:
            place.set_axis_off()
        for panel, place in zip(board.panels, axes.flat, strict=False):
            _draw(panel, place, prometheus, time.time() - seconds, seconds)
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, dpi=90)
        plt.close(figure)


def _draw(panel: Panel, place: Axes, prometheus: Prometheus, began: float, seconds: int) -> None:
    times = _TIMES.get(panel.unit, 1.0)
    colours, top = iter(_COLOURS * 9), 1e-9
    for query in panel.queries:
        for line in prometheus.over(on_screen(query.expression), began, seconds):
            points = [(float(at), float(value) * times) for at, value in line["values"]]
            name = query.legend
            for label, value in line["metric"].items():
                name = name.replace(f"{{{{{label}}}}}", value)
            top = max(top, *(value for _, value in points if isfinite(value)))
            place.plot(
                [at - began for at, _ in points],
                [value for _, value in points],
                color=next(colours),
                linewidth=1.3,
                label=name[:40],
            )
    place.set_title(f"{panel.zh} {panel.en}", loc="left", fontsize=10)
    place.set_ylim(bottom=0, top=1.35 * top)
    place.set_xlim(0, seconds)
    place.xaxis.set_major_formatter(
        FuncFormatter(lambda second, _: f"{int(second) // 60}:{int(second) % 60:02d}")
    )
    place.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:g}{_UNITS[panel.unit]}")
    )
    place.yaxis.set_major_locator(MaxNLocator(5))
    place.grid(color="#e3e6e8", linewidth=0.6)
    for side in ("top", "right"):
        place.spines[side].set_visible(False)
    if place.lines:
        place.legend(
            loc="upper left", fontsize=7, frameon=False, ncols=2, handlelength=1.2, labelspacing=0.2
        )
