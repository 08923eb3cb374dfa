"""Board: what Grafana draws of the metrics.

``tools/make_contrib.py`` writes it as JSON from here.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
from typing import Any

from imagecache_handlers.frontends.metrics import families

_HOST = '{job=~"$job"}'
_STORE = '{job=~"$job", store=~"$store"}'
_POOL = '{job=~"$job", pool=~"$store"}'
_WIDTH, _HEIGHT = 12, 8


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel: ``lines`` are expressions with what each is called."""

    title: str
    says: str
    unit: str
    lines: tuple[tuple[str, str], ...]
    kind: str = 'timeseries'
    stacked: bool = False


PANELS = (
    Panel(
        title='Time since the last success',
        says='Since when nothing was swept as a whole.',
        unit='s',
        kind='stat',
        lines=(
            (
                f'time() - ({families.SWEEP_LAST_SUCCESS}{_HOST} > 0)',
                '{{instance}}',
            ),
        ),
    ),
    Panel(
        title='Sweeps by result',
        says='How sweeps ended: idle and whole are well, short wants a look.',
        unit='short',
        lines=(
            (
                f'sum by (result) (increase({families.SWEEPS}{_HOST}[1d]))',
                '{{result}}',
            ),
        ),
    ),
    Panel(
        title='What images hold, by why they stay',
        says='Where the bytes are.',
        unit='bytes',
        stacked=True,
        lines=(
            (
                f'sum by (reason) ({families.IMAGES_BYTES}{_STORE})',
                '{{reason}}',
            ),
        ),
    ),
    Panel(
        title='Images, by why they stay',
        says='How many there are.',
        unit='short',
        stacked=True,
        lines=(
            (f'sum by (reason) ({families.IMAGES}{_STORE})', '{{reason}}'),
        ),
    ),
    Panel(
        title='Use of the stores',
        says='Of the whole store, images or not.',
        unit='percentunit',
        lines=(
            (
                f'1 - {families.STORE_FREE}{_STORE} '
                f'/ {families.STORE_SIZE}{_STORE}',
                '{{instance}} {{store}}',
            ),
        ),
    ),
    Panel(
        title='Wanted, planned and in the way',
        says='What pools want freed, and what keeps it.',
        unit='bytes',
        lines=(
            (f'sum ({families.POOL_WANTED}{_POOL})', 'wanted'),
            (f'sum ({families.POOL_PLANNED}{_POOL})', 'planned'),
            (
                f'sum by (reason) ({families.POOL_BLOCKED}{_POOL})',
                'kept: {{reason}}',
            ),
        ),
    ),
    Panel(
        title='Hit ratio',
        says='Of the uses of images, those that found it cached.',
        unit='percentunit',
        lines=(
            (
                f'sum (increase({families.HITS}{_STORE}[1d])) / '
                f'(sum (increase({families.HITS}{_STORE}[1d])) + '
                f'sum (increase({families.ARRIVALS}{_STORE}[1d])))',
                'hits',
            ),
        ),
    ),
    Panel(
        title='Evictions by outcome',
        says='What became of images that were to go.',
        unit='short',
        lines=(
            (
                'sum by (reason, outcome) '
                f'(increase({families.EVICTIONS}{_STORE}[1d]))',
                '{{reason}}: {{outcome}}',
            ),
        ),
    ),
    Panel(
        title='Freed',
        says='Bytes that sweeps freed in a day.',
        unit='bytes',
        lines=((f'sum (increase({families.FREED}{_HOST}[1d]))', 'freed'),),
    ),
    Panel(
        title='Debris',
        says='What broken operations left.',
        unit='bytes',
        lines=(
            (
                f'sum by (instance, store) ({families.DEBRIS_BYTES}{_STORE})',
                '{{instance}} {{store}}',
            ),
        ),
    ),
    Panel(
        title='How long sweeps take',
        says='Nine of ten sweeps took no longer.',
        unit='s',
        lines=(
            (
                'histogram_quantile(0.9, sum by (le) '
                f'(increase({families.SWEEP_DURATION}_bucket{_HOST}[1d])))',
                '90 %',
            ),
        ),
    ),
    Panel(
        title='Calls of the backend',
        says='Seconds that a call takes, and those that failed.',
        unit='s',
        lines=(
            (
                'sum by (call) '
                f'(rate({families.CALL_DURATION}_sum{_HOST}[1d])) / '
                'sum by (call) '
                f'(rate({families.CALL_DURATION}_count{_HOST}[1d]))',
                '{{call}}',
            ),
            (
                f'sum by (call) (increase({families.CALLS}'
                '{job=~"$job", outcome="failed"}[1d]))',
                '{{call}} failed',
            ),
        ),
    ),
    Panel(
        title='Age of the evidence',
        says='Since when nobody was asked who uses what.',
        unit='s',
        lines=((f'{families.EVIDENCE_AGE}{_HOST}', '{{instance}}'),),
    ),
    Panel(
        title='Warnings',
        says='What is configured, and yet does nothing.',
        unit='short',
        lines=((f'sum by (kind) ({families.WARNINGS}{_HOST})', '{{kind}}'),),
    ),
)


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
        ('store', f'{families.STORE_READABLE}{_HOST}'),
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
        'targets': [
            {
                'refId': chr(ord('A') + place),
                'datasource': _SOURCE,
                'expr': expr,
                'legendFormat': legend,
            }
            for place, (expr, legend) in enumerate(panel.lines)
        ],
    }
