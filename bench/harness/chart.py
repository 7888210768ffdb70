"""A bar chart on a log axis, as SVG that reads well on light and on dark pages. No script."""

import math
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH = 820
LABEL_WIDTH = 240
VALUE_WIDTH = 80
BAR_HEIGHT = 13
BAR_GAP = 2
ROW_GAP = 9
MARGIN = 16
TITLE_SIZE = 16
TEXT_SIZE = 12

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.title { font-size: 16px; font-weight: 600; }
.quiet { fill: #57606a; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.bar0 { fill: #0969da; } .bar1 { fill: #8250df; }
.pale { opacity: 0.55; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .quiet { fill: #8d96a0; } .grid { stroke: #30363d; }
  .bar0 { fill: #4493f8; } .bar1 { fill: #ab7df8; }
}"""


@dataclass(frozen=True)
class Bars:
    """One row: values in the order of the legend, None for what there isn't. ours: stands out."""

    label: str
    values: tuple
    ours: bool = False


def bar_chart(title, axis, legend, rows, show):
    """The whole SVG document. show: turns a value into text. REQUIRES: a value that is above 0."""
    found = [value for row in rows for value in row.values if value]
    low = 10 ** math.floor(math.log10(min(found)))
    high = 10 ** math.ceil(math.log10(max(found)))
    if high == low:
        high = low * 10
    span = WIDTH - LABEL_WIDTH - VALUE_WIDTH - MARGIN

    def x_of(value):
        return LABEL_WIDTH + span * math.log10(value / low) / math.log10(high / low)

    name = escape(title, {'"': "&quot;"})
    top = MARGIN + TITLE_SIZE + 2 * TEXT_SIZE + 22
    row_height = len(legend) * (BAR_HEIGHT + BAR_GAP) + ROW_GAP
    bottom = top + len(rows) * row_height
    parts = [_text(MARGIN, MARGIN + TITLE_SIZE, title, "title"), *_legend(legend)]
    decade = low
    while decade <= high:
        x = x_of(decade)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top - 4}" '
                     f'y2="{bottom}"/>')
        parts.append(_text(x, bottom + TEXT_SIZE + 4, show(decade), "quiet", "middle"))
        decade *= 10
    for index, row in enumerate(rows):
        parts += _row(row, top + index * row_height, x_of, show)
    axis_y = bottom + 2 * TEXT_SIZE + 12
    parts.append(_text(LABEL_WIDTH + span / 2, axis_y, axis, "quiet", "middle"))
    height = axis_y + MARGIN
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{name}">',
        f"<style>{STYLE}\n</style>", *parts, "</svg>", ""])


def _row(row, y, x_of, show):
    count = len(row.values)
    middle = y + count * (BAR_HEIGHT + BAR_GAP) / 2
    parts = [_text(LABEL_WIDTH - 8, middle + TEXT_SIZE / 3, row.label, "", "end")]
    for index, value in enumerate(row.values):
        bar_y = y + index * (BAR_HEIGHT + BAR_GAP)
        if not value:
            parts.append(_text(LABEL_WIDTH + 4, bar_y + BAR_HEIGHT - 2, "–", "quiet"))
            continue
        width = max(1.0, x_of(value) - LABEL_WIDTH)
        pale = "" if row.ours else " pale"
        parts.append(f'<rect class="bar{index}{pale}" x="{LABEL_WIDTH}" y="{bar_y}" '
                     f'width="{width:.1f}" height="{BAR_HEIGHT}" rx="2"/>')
        parts.append(_text(LABEL_WIDTH + width + 5, bar_y + BAR_HEIGHT - 2, show(value), "quiet"))
    return parts


def _legend(legend):
    parts = []
    x = MARGIN
    y = MARGIN + TITLE_SIZE + TEXT_SIZE + 10
    for index, label in enumerate(legend):
        parts.append(f'<rect class="bar{index}" x="{x}" y="{y - 10}" width="12" height="12" '
                     'rx="2"/>')
        parts.append(_text(x + 18, y, label, "quiet"))
        x += 18 + 7 * len(label) + 24
    return parts


def _text(x, y, text, css, anchor="start"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" class="{css}" text-anchor="{anchor}">'
            f"{escape(text)}</text>")
