"""Image ids, and times, for tests on a vCenter."""

import datetime

ONE = '11111111-1111-4111-8111-111111111111'
TWO = '22222222-2222-4222-8222-222222222222'
LONG_AGO = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
CLAIM = 'claim.5f0c.20990101t000000z'
STALE_CLAIM = 'claim.5f0c.20200101t000000z'
