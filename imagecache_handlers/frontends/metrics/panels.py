"""Panels: what the board draws of the metrics."""

import dataclasses

from imagecache_handlers.frontends.metrics import families

HOST = '{job=~"$job"}'
_STORE = '{job=~"$job", store=~"$store"}'
_POOL = '{job=~"$job", pool=~"$store"}'


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
                f'time() - ({families.SWEEP_LAST_SUCCESS}{HOST} > 0)',
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
                f'sum by (result) (increase({families.SWEEPS}{HOST}[1d]))',
                '{{result}}',
            ),
        ),
    ),
    Panel(
        title='What images hold, by why they stay',
        says='Where the bytes are; for each host, also where they share them.',
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
        lines=((f'sum (increase({families.FREED}{HOST}[1d]))', 'freed'),),
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
                f'(increase({families.SWEEP_DURATION}_bucket{HOST}[1d])))',
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
                f'(rate({families.CALL_DURATION}_sum{HOST}[1d])) / '
                'sum by (call) '
                f'(rate({families.CALL_DURATION}_count{HOST}[1d]))',
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
        lines=(
            (
                f'time() - ({families.EVIDENCE_TIME}{HOST} > 0)',
                '{{instance}}',
            ),
        ),
    ),
    Panel(
        title='Warnings',
        says='What is configured, and yet does nothing.',
        unit='short',
        lines=((f'sum by (kind) ({families.WARNINGS}{HOST})', '{{kind}}'),),
    ),
)
