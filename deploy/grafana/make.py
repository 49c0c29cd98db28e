"""Writes Grafana's dashboards from `boards.py`, by Grafana's own types.

With --check says whether one is stale.
"""

from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders import common, dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from deploy.generated import write_or_check
from deploy.grafana.boards import BOARDS, Board, Panel

FOLDER: Final = Path(__file__).parent / "dashboards"
SOURCE: Final = DataSourceRef(type_val="prometheus", uid="prometheus")
HEIGHT, WIDTH = 8, 12


def text(board: Board) -> str:
    """The dashboard as Grafana provisions it."""
    builder = (
        dashboard.Dashboard(f"{board.zh} {board.en}")
        .uid(board.name)
        .tags(["foothold"])
        .timezone("Asia/Shanghai")
        .time("now-6h", "now")
        .refresh("30s")
        .readonly()
    )
    for panel in board.panels:
        builder = builder.with_panel(_panel(panel))
    return JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False).encode(builder.build()) + "\n"


def _panel(panel: Panel) -> timeseries.Panel:
    legend = (
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
    )
    builder = (
        timeseries.Panel()
        .title(f"{panel.zh} {panel.en}")
        .description(panel.says)
        .unit(panel.unit)
        .datasource(SOURCE)
        .height(HEIGHT)
        .span(WIDTH)
        .min(0)
        .legend(legend)
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    for number, query in enumerate(panel.queries):
        builder = builder.with_target(
            prometheus.Dataquery()
            .ref_id(chr(ord("A") + number))
            .expr(query.expression)
            .legend_format(query.legend)
            .datasource(SOURCE)
        )
    return builder


def main() -> None:
    """Write the files, or compare them."""
    for board in BOARDS:
        write_or_check(FOLDER / f"{board.name}.json", text(board), __doc__ or "")


if __name__ == "__main__":
    main()
