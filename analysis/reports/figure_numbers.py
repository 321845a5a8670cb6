"""The numbers of a figure: what its CSV holds, for figures of any kind."""

from collections.abc import Sequence
from typing import Any

HEADER = ("series", "x", "y", "low", "high")
HEAT_HEADER = ("series", "row", "column", "value")


def figure_lines(figure: dict[str, Any]) -> list[Sequence[object]]:
    """Header and lines: series, x, y and the error bar of every point; row, column and value of heat maps.

    A figure may bring its own lines as `layout.meta.lines` (pictures and drawings do).
    """
    own = figure.get("layout", {}).get("meta", {}).get("lines")
    if own:
        return [list(line) for line in own]
    traces = [trace for trace in figure["data"] if trace.get("meta") != "decoration"]
    lines: list[Sequence[object]] = []
    heat = [trace for trace in traces if trace.get("type") == "heatmap"]
    if heat:
        lines.append(HEAT_HEADER)
        for trace in heat:
            lines += _heat_lines(trace)
    plain = [trace for trace in traces if trace.get("type") != "heatmap"]
    if plain:
        lines.append(HEADER)
        for trace in plain:
            lines += _point_lines(trace)
    return lines


def _heat_lines(trace: dict[str, Any]) -> list[Sequence[object]]:
    return [
        [trace.get("name", ""), row, column, value]
        for row, values in zip(trace["y"], trace["z"], strict=True)
        for column, value in zip(trace["x"], values, strict=True)
    ]


def _point_lines(trace: dict[str, Any]) -> list[Sequence[object]]:
    axis = "x" if trace.get("error_x") else "y"
    bar = trace.get("error_x") or trace.get("error_y") or {}
    above, below = bar.get("array"), bar.get("arrayminus") or bar.get("array")
    lines: list[Sequence[object]] = []
    for place, (x, y) in enumerate(zip(trace.get("x", ()), trace.get("y", ()), strict=False)):
        centre = x if axis == "x" else y
        bounds = (None, None)
        if above is not None and above[place] is not None:
            bounds = (centre - below[place], centre + above[place])
        lines.append([trace.get("name", ""), x, y, *bounds])
    return lines
