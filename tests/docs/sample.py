"""The host of the pages that the README shows, as values.

Run it (``python -m tests.docs.sample``) to see the pages as they are now.
"""

import datetime
import os
import time

from imagecache_handlers import CachedImage
from imagecache_handlers import Evidence
from imagecache_handlers.frontends.cli.commands import usage
from imagecache_handlers.frontends.cli.pages import plan as plan_page
from imagecache_handlers.labels import lease_label
from imagecache_handlers.labels import pin_label
from imagecache_handlers.labels import unused_label
from imagecache_handlers import Marks
from imagecache_handlers.model import Debris
from imagecache_handlers import Patterns
from imagecache_handlers.planning.plan import make_plan
from imagecache_handlers import Rules
from imagecache_handlers import Store

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
DAY = 24 * HOUR
GIB = 2**30
BASE = '/srv/images'
FAST = '/nvme/images'

RULES = Rules(
    high_watermark=85, low_watermark=75, protected=Patterns.parse(['golden-*'])
)
STORES = (
    Store(name=BASE, total=200 * GIB, free=24 * GIB),
    Store(name=FAST, total=60 * GIB, free=21 * GIB),
)


def image(image_id, size, *labels, store=BASE, users=(), cached=9 * DAY):
    return CachedImage(
        image_id=image_id,
        store=store,
        location=image_id,
        size=int(size * GIB),
        cached_at=NOW - cached,
        users=frozenset(users),
        marks=Marks.read(labels),
    )


def idle(hours):
    return unused_label(NOW - hours * HOUR)


IMAGES = (
    image('7a6f9a52-6c37-4a2e-9d53-6f1c04a4b001', 24, users=['vm-17']),
    image('1c2ab13e-87d0-4b5f-8a0c-3f2d9c11e002', 16, idle(80)),
    image('93d9f4c1-0e5b-4d7a-b1f6-a85f7be2c003', 8.5, idle(31)),
    image('e40b7d66-52a9-4c18-9f3e-27c6d05b4004', 12, idle(5)),
    image('golden-debian-12', 3, idle(300)),
    image(
        '0d5c2b7e-11f4-4e39-8c7a-5b9e6a3d7005',
        6,
        idle(200),
        pin_label('ops', NOW + 30 * DAY),
    ),
    image(
        'b8f1e3a9-7c64-4d20-a5b3-9e0d4f6c8006',
        9,
        lease_label('vm-31', NOW + 0.4 * HOUR),
        store=FAST,
        cached=HOUR,
    ),
    image(
        '4e7d9c02-a31b-4f58-b6e9-0c8a2d5f1007',
        11,
        store=FAST,
        users=['vm-17', 'vm-23', 'vm-24', 'vm-42'],
    ),
)
DEBRIS = (
    Debris(
        store=BASE, location='part', size=2 * GIB, since=NOW, why='half made'
    ),
)


def plan():
    nobody = Evidence(complete=True, as_of=NOW)
    return make_plan(IMAGES, STORES, nobody, NOW, RULES)


def plan_text():
    return text(plan_page.render(plan(), RULES, 80))


def usage_text():
    return text(usage.page(plan(), DEBRIS, RULES, 80))


def text(lines):
    return '\n'.join(str(one).rstrip() for one in lines)


def in_utc():
    os.environ['TZ'] = 'UTC'
    time.tzset()


if __name__ == '__main__':
    in_utc()
    print(plan_text())  # noqa: T201
    print()  # noqa: T201
    print(usage_text())  # noqa: T201
