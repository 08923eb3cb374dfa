"""Tables of what is exported, made from the code that exports it."""

from collections.abc import Iterable
from collections.abc import Sequence

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from imagecache_handlers.frontends.metrics.alerts import make_alerts
from imagecache_handlers.frontends.metrics.families import FAMILIES
from imagecache_handlers.frontends.metrics.panels import PANELS

Cell = nodes.Node
Rows = Iterable[Sequence[Cell]]


def make_table(head: Sequence[str], rows: Rows) -> nodes.table:
    """Give a table with such a head."""
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=1) for _ in head]
    top = make_row([nodes.Text(one) for one in head])
    group += nodes.thead('', top)
    group += nodes.tbody('', *map(make_row, rows))
    return nodes.table('', group)


def make_row(cells: Sequence[Cell]) -> nodes.row:
    return nodes.row(
        '',
        *[nodes.entry('', nodes.paragraph('', '', one)) for one in cells],
    )


def literal(text: str) -> Cell:
    return nodes.literal(text, text)


class MetricsTable(SphinxDirective):
    """Every metric there is."""

    def run(self) -> list[nodes.Node]:
        rows = [
            [
                literal(one.name),
                nodes.Text(one.kind.value),
                nodes.Text(', '.join(one.labels)),
                nodes.Text(one.says),
            ]
            for one in FAMILIES.values()
        ]
        return [make_table(['metric', 'kind', 'labels', 'what'], rows)]


class AlertsTable(SphinxDirective):
    """Every alert, what it says and what mends it."""

    def run(self) -> list[nodes.Node]:
        rows = [
            [
                literal(one.name),
                nodes.Text(one.severity),
                nodes.Text(one.pending),
                mixed(one.mend),
                literal(one.expr),
            ]
            for one in make_alerts()
        ]
        head = ['alert', 'severity', 'after', 'what mends it', 'expression']
        return [make_table(head, rows)]


class PanelsTable(SphinxDirective):
    """Every panel of the board, and what it draws."""

    def run(self) -> list[nodes.Node]:
        rows = [
            [
                nodes.Text(panel.title),
                nodes.Text(panel.says),
                literal(' ; '.join(expr for expr, _ in panel.lines)),
            ]
            for panel in PANELS
        ]
        return [make_table(['panel', 'what', 'expressions'], rows)]


def mixed(text: str) -> Cell:
    """Give a text whose commands stand between backticks."""
    parts = text.split('`')
    return nodes.inline(
        '',
        '',
        *[
            literal(part) if number % 2 else nodes.Text(part)
            for number, part in enumerate(parts)
        ],
    )


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive('metrics-table', MetricsTable)
    app.add_directive('alerts-table', AlertsTable)
    app.add_directive('panels-table', PanelsTable)
    return {'parallel_read_safe': True}
