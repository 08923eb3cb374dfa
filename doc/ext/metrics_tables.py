"""Tables of what is exported, made from the code that exports it."""

from collections.abc import Iterable
from collections.abc import Sequence

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from imagecache_handlers.frontends.metrics.families import FAMILIES

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


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive('metrics-table', MetricsTable)
    return {'parallel_read_safe': True}
