"""Board: what Grafana imports, made of the panels.

``tools/make_contrib.py`` writes it as JSON from here.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from imagecache_handlers.frontends.metrics import families
from imagecache_handlers.frontends.metrics.panels import HOST
from imagecache_handlers.frontends.metrics.panels import Panel
from imagecache_handlers.frontends.metrics.panels import PANELS

_WIDTH, _HEIGHT = 12, 8


def expressions_of(panels: Iterable[Panel]) -> Iterator[str]:
    """Give what panels draw, of every job and store."""
    for panel in panels:
        for expr, _ in panel.lines:
            yield expr.replace('$job', '.*').replace('$store', '.*')


def make_board() -> dict[str, Any]:
    """Give the board as Grafana imports it."""
    return {
        'title': 'Image caches',
        'uid': 'imagecache',
        'tags': ['imagecache'],
        'schemaVersion': 38,
        'version': 1,
        'editable': True,
        'time': {'from': 'now-7d', 'to': 'now'},
        'refresh': '5m',
        'templating': {'list': list(_make_variables())},
        'panels': [
            _make_panel(number, panel) for number, panel in enumerate(PANELS)
        ],
    }


def _make_variables() -> Iterator[dict[str, Any]]:
    yield {
        'name': 'datasource',
        'label': 'data source',
        'type': 'datasource',
        'query': 'prometheus',
    }
    for name, of in (
        ('job', families.BUILD),
        ('store', f'{families.STORE_READABLE}{HOST}'),
    ):
        yield {
            'name': name,
            'type': 'query',
            'datasource': _SOURCE,
            'query': f'label_values({of}, {name})',
            'includeAll': True,
            'allValue': '.*',
            'multi': True,
            'current': {'text': 'All', 'value': '$__all'},
            'refresh': 2,
        }


_SOURCE = {'type': 'prometheus', 'uid': '${datasource}'}


def _make_panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, 24 // _WIDTH)
    custom = {'stacking': {'mode': 'normal' if panel.stacked else 'none'}}
    return {
        'id': number + 1,
        'title': panel.title,
        'description': panel.says,
        'type': panel.kind,
        'datasource': _SOURCE,
        'gridPos': {
            'x': column * _WIDTH,
            'y': row * _HEIGHT,
            'w': _WIDTH,
            'h': _HEIGHT,
        },
        'fieldConfig': {
            'defaults': {'unit': panel.unit, 'min': 0, 'custom': custom},
            'overrides': [],
        },
        'targets': list(_make_targets(panel)),
    }


def _make_targets(panel: Panel) -> Iterator[dict[str, Any]]:
    for place, (expr, legend) in enumerate(panel.lines):
        yield {
            'refId': chr(ord('A') + place),
            'datasource': _SOURCE,
            'expr': expr,
            'legendFormat': legend,
        }
