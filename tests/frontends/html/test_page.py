"""The page: what it says, to whom, and what nobody can make it do."""

import dataclasses
import datetime
import html.parser
import json
import os
import re
import time

import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.html.hosts import describe_plan
from imagecache_handlers.frontends.html.marks import try_marks
from imagecache_handlers.frontends.html import page as page_module
from imagecache_handlers.frontends.html.page import render_page
from imagecache_handlers.frontends.html.plan_files import read_host
from imagecache_handlers.frontends.html.plan_files import read_hosts
from imagecache_handlers.frontends.html import shares
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Reason
from tests.planning.values import evidence
from tests.planning.values import image
from tests.planning.values import NOW
from tests.planning.values import planned
from tests.planning.values import ready
from tests.planning.values import shelf

MARKS = {'high_watermark': 85, 'low_watermark': 70}
VOID = {'meta', 'rect', 'line', 'br'}
# Whose end a page may leave out.
LOOSE = {'li', 'tr', 'td', 'th', 'thead', 'tbody', 'p', 'html', 'body'}
HOSTILE = [
    '<script>alert(1)</script>',
    '{{7*7}}',
    '{% raw %}',
    '"><img src=x onerror=alert(1)>',
    "'-->]]>",
    '</table></svg></style>',
    '\u202egpj',
    'x' * 4000,
]


class Reader(html.parser.HTMLParser):
    """Gathers elements, text, and what is not closed."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.open = []
        self.text = ''
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.text += ' '
        if tag not in VOID | LOOSE:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID | LOOSE:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if 'style' not in self.open:
            self.text += data

    def all_of(self, tag):
        return [attrs for one, attrs in self.elements if one == tag]


def page_of(*images, stores=None, name='host', said=None, **rules):
    rules = MARKS | rules
    plan = planned(
        *images, stores=stores or [shelf(1000, 100)], said=said, **rules
    )
    host = describe_plan(name, plan, Rules(**rules))
    return Reader(render_page([host], NOW))


def words(reader):
    return ' '.join(reader.text.split())


def test_a_full_store_tells_at_once_why_it_was_not_emptied():
    page = page_of(
        image('young', size=200),
        ready('pinned', 'pin.ops', size=300),
        image('used', users=frozenset({'vm-7'}), size=390),
        stores=[shelf(1000, 10)],
    )
    said = words(page)
    at = said.index('What is in the way')
    # Before any store, table or image.
    assert at < 300 + said.index('Image cache')
    assert 'wanted 290 B, planned 0 B: 390 B used by vm-7' in said[at:]
    assert '300 B pinned by ops' in said
    assert 'imagecache unpin IMAGE --owner OWNER' in said


def test_what_goes_next_and_when_is_told_in_order():
    page = page_of(
        ready('second', size=90),
        ready('first', size=90),
        image('later', 'unused.20261121t100000z', size=5),
        stores=[shelf(1000, 900)],
    )
    said = words(page)
    said = said[said.index('What may go next, and when') :]
    places = [said.index(one) for one in ('first', 'second', 'later')]
    assert places == sorted(places)
    assert 'next sweep' in said
    assert 'not before 2026-11-22' in said[places[2] : places[2] + 60]


def test_where_nothing_ever_goes_no_time_is_told():
    idle = image('later', 'unused.20261121t100000z', size=5)
    for rules, is_told in (
        ({'expire_at_min_age': True, 'high_watermark': 100}, True),
        ({'expire_at_min_age': False, 'high_watermark': 100}, False),
        ({'expire_at_min_age': False, 'high_watermark': 85}, True),
    ):
        said = words(page_of(idle, stores=[shelf(1000, 900)], **rules))
        assert ('What may go next' in said) is is_told, rules


def test_the_biggest_idle_images_come_first():
    page = page_of(
        *[ready(f'im-{size}', 'pin.ops', size=size) for size in (5, 500, 50)],
        image('used', users=frozenset({'vm'}), size=10_000),
    )
    said = words(page)
    said = said[said.index('Biggest idle images') :]
    said = said[: said.index('All images')]
    assert re.findall(r'im-\d+', said) == ['im-500', 'im-50', 'im-5']
    assert 'used' not in said


def test_marks_tell_what_they_would_free():
    plan = planned(
        *[ready(name, size=100) for name in 'abc'],
        ready('pinned', 'pin.ops', size=100),
        ready('linked', size=100, frees=0),
        stores=[shelf(1000, 200)],
        expire_at_min_age=False,
    )
    told = {one.percent: one for one in try_marks(shelf(1000, 200), plan)}
    assert [
        (one.count, one.frees, one.is_reached)
        for one in (told[80], told[70], told[60], told[50])
    ] == [
        (0, 0, True),
        (1, 100, True),
        (2, 200, True),
        (3, 300, True),
    ]
    full = planned(ready('a', size=10), stores=[shelf(1000, 0)])
    [*_, last] = try_marks(shelf(1000, 0), full)
    assert (last.count, last.frees, last.is_reached) == (1, 10, False)
    assert not list(try_marks(shelf(), planned(stores=[shelf()])))


def test_a_bar_has_every_byte_once():
    rules = Rules(**MARKS)
    plan = planned(
        ready('a', size=100),
        image('b', users=frozenset({'vm'}), size=250),
        stores=[shelf(1000, 400)],
    )
    [store] = describe_plan('host', plan, rules).stores
    parts = list(shares.make_shares(store))
    assert [(one.kind, one.count, one.size) for one in parts] == [
        ('in use', 1, 250),
        ('goes', 1, 100),
        ('other', None, 250),
        ('free', None, 400),
    ]
    assert sum(one.width for one in parts) == pytest.approx(shares.WHOLE)
    assert [one.start for one in parts] == [0, 250, 350, 600]


def test_every_reason_has_a_kind_a_meaning_and_a_color():
    assert set(page_module._MEANINGS) == set(Reason)
    text = render_page([], NOW)
    for kind in shares.KINDS:
        name = kind.replace(' ', '-')
        # In the light, in the dark and on paper.
        assert text.count(f'--{name}: #') == 3, name


@pytest.mark.parametrize('name', HOSTILE)
def test_nothing_in_a_name_or_text_gets_out_of_it(name):
    calm = page_of(ready('a'), image('b', unknown='calm'), name='calm')
    page = page_of(
        ready('a'),
        image('b', unknown=name),
        stores=[shelf(1000, 100)],
        name=name,
    )
    assert [one for one, _ in page.elements] == [
        one for one, _ in calm.elements
    ]
    assert not page.open
    if name.isprintable():
        assert name in page.text
    assert '\u202e' not in page.text


def test_a_page_needs_nobody_and_runs_nothing():
    page = page_of(ready('a'))
    tags = {one for one, _ in page.elements}
    assert not tags & {'script', 'link', 'img', 'iframe', 'object', 'form'}
    for tag, attrs in page.elements:
        for name, value in attrs.items():
            assert not name.startswith('on'), tag
            assert '//' not in (value or ''), (tag, name)
    [policy] = [
        one['content']
        for one in page.all_of('meta')
        if one.get('http-equiv') == 'Content-Security-Policy'
    ]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_it_is_read_aloud_and_by_keyboard():
    page = page_of(ready('a'), image('b', users=frozenset({'vm'})))
    [top] = page.all_of('html')
    assert top['lang'] == 'en'
    assert len(page.all_of('h1')) == len(page.all_of('main')) == 1
    tables = len(page.all_of('table'))
    assert tables == len(page.all_of('caption'))
    for bar in page.all_of('svg'):
        assert bar['role'] == 'img'
        assert 'in use' in bar['aria-label']
    for region in page.all_of('div'):
        assert region['tabindex'] == '0'
        assert region['aria-label']
    ids = [attrs['id'] for _, attrs in page.elements if 'id' in attrs]
    assert len(ids) == len(set(ids))
    for link in page.all_of('a'):
        assert link['href'].removeprefix('#') in ids


def test_a_store_that_cannot_be_read_says_so():
    plan = dataclasses.replace(
        planned(stores=[shelf()]), problems={'shelf': 'not mounted'}
    )
    text = render_page([describe_plan('h', plan, Rules())], NOW)
    assert text.count('not mounted') == 2


def test_nothing_cached_is_a_page_too():
    said = words(page_of(stores=[shelf(1000, 900)]))
    assert '0 images' in said
    assert 'Now nothing would go' in said


def test_ten_thousand_images_are_a_page_of_three_megabytes():
    images = [
        image(f'{number:032x}-abcd', size=number, users=frozenset({'vm-1'}))
        for number in range(10_000)
    ]
    plan = planned(*images, stores=[shelf(10**9, 10**8)])
    host = describe_plan('host', plan, Rules())
    began = time.process_time()
    text = render_page([host], NOW)
    assert time.process_time() - began < 10
    assert len(text.encode()) < 3_000_000


def rows(**changes):
    row = {
        'image': 'a1',
        'store': '/images',
        'size': 5,
        'state': 'unused',
        'action': 'keep',
        'reason': 'pinned',
        'until': '2026-12-01T00:00:00+00:00',
        'detail': 'pinned by ops',
    }
    return [row | changes]


@pytest.fixture
def file(tmp_path):
    return tmp_path / 'compute-7.json'


def test_what_another_host_wrote_is_read(file):
    told = [*rows(), *rows(image='b2', action='evict', reason='space')]
    file.write_text(json.dumps(told))
    host = read_host(str(file))
    assert host.name == 'compute-7'
    assert [one.goes for one in host.images] == [False, True]
    assert host.images[0].until == datetime.datetime(
        2026, 12, 1, tzinfo=datetime.UTC
    )
    assert host.troubles == ('5 B stay for the reason pinned',)
    written = datetime.datetime.fromtimestamp(
        file.stat().st_mtime, datetime.UTC
    )
    assert host.at == written
    page = Reader(render_page([host, host], NOW))
    assert not page.open
    assert len(page.all_of('section')) == 2


def test_an_old_plan_is_not_told_as_of_now(file):
    file.write_text(json.dumps(rows()))
    then = NOW - datetime.timedelta(days=60, hours=1)
    for at, words_of_it in ((NOW, 'Now nothing'), (then, 'Then nothing')):
        os.utime(file, (at.timestamp(), at.timestamp()))
        said = words(Reader(render_page([read_host(str(file))], NOW)))
        assert words_of_it in said
        assert ('60 days old' in said) is (at is then)


def test_a_plan_without_images_is_not_taken_for_a_good_one(file):
    file.write_text('[]')
    said = words(Reader(render_page([read_host(str(file))], NOW)))
    assert 'could not be read' in said
    assert 'Nothing.' not in said


def test_the_file_of_a_host_counts_once(file):
    file.write_text(json.dumps(rows()))
    link = file.with_name('other.json')
    link.symlink_to(file)
    for again in file, link:
        with pytest.raises(ConfigurationError, match='once'):
            list(read_hosts([str(file), str(again)]))


@pytest.mark.parametrize(
    'changes',
    [
        {'size': -1},
        {'size': '5'},
        {'size': True},
        {'size': 2**70},
        {'image': 7},
        {'reason': 'none'},
        {'until': 'soon'},
        {'until': 5},
        {'detail': None},
        {'store': ['x']},
    ],
)
def test_what_is_of_another_form_is_refused(changes, file):
    file.write_text(json.dumps(rows(**changes)))
    with pytest.raises(ConfigurationError, match='row 1: '):
        read_host(str(file))


@pytest.mark.parametrize(
    'text', ['', '{}', '[1]', '[[]]', '[' * 100_000, '[{}]', 'null', '\ufeff']
)
def test_what_is_no_plan_is_refused(text, file):
    file.write_text(text)
    with pytest.raises(ConfigurationError, match='is not what'):
        read_host(str(file))


def test_what_a_row_lacks_is_named(file):
    for row, why in (({}, "it has no 'image'"), (5, 'it is not an object')):
        file.write_text(json.dumps([row]))
        with pytest.raises(ConfigurationError, match=f'row 1: {why}'):
            read_host(str(file))


@pytest.mark.parametrize('name', HOSTILE)
def test_a_plan_of_others_gets_nothing_out(name, file):
    file.write_text(json.dumps(rows(image=name, store=name, detail=name)))
    page = Reader(render_page([read_host(str(file))], NOW))
    assert not page.open
    assert not page.all_of('script') + page.all_of('img')


def test_blind_images_are_told_with_the_way_out():
    page = page_of(
        image('a', users=None), said=evidence(complete=False), stores=[shelf()]
    )
    assert '--in-use-complete' in words(page)


def luminance(color):
    digits = color * 2 if len(color) == 3 else color
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [
        one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4
        for one in parts
    ]
    return sum(
        one * weight
        for one, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True)
    )


def contrast(one, other):
    light, dark = sorted(map(luminance, (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_it_can_be_read_in_the_light_in_the_dark_and_on_paper():
    text = render_page([], NOW)
    schemes = [
        dict(re.findall(r'--([\w-]+): #([0-9a-f]+)', part))
        for part in text.split(':root')[1:4]
    ]
    assert len(schemes) == 3
    for colors in schemes:
        for name in 'ink', 'soft', 'bad', 'link':
            for below in 'paper', 'panel':
                # Paper has no links.
                if name in colors:
                    ratio = contrast(colors[name], colors[below])
                    assert ratio >= 4.5, (name, below, ratio)
