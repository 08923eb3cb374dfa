"""A browser draws the page: nothing sticks out, and nothing complains."""

import pathlib
import re
import subprocess
import time

import pytest

from imagecache_handlers.frontends.html.hosts import describe_plan
from imagecache_handlers.frontends.html.page import render_page
from imagecache_handlers.planning.rules import Rules
from tests.planning.values import image
from tests.planning.values import NOW
from tests.planning.values import planned
from tests.planning.values import ready
from tests.planning.values import shelf

RULES = {'high_watermark': 85, 'low_watermark': 70}
# The page itself forbids scripts: only a copy of it is measured so.
POLICY = "default-src 'none'; "
MEASURE = """
<script>
const top_ = document.documentElement;
document.title = `${top_.scrollWidth <= innerWidth}`;
</script>
"""
LONG = 'x' * 3000


def browse(*arguments):
    """Run the browser; give what it says, and what it logs."""
    done = subprocess.run(  # noqa: S603
        [  # noqa: S607
            'chromium-headless-shell',
            *('--no-sandbox', '--disable-gpu', '--enable-logging=stderr'),
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout, done.stderr


def page_of(*images):
    plan = planned(*images, stores=[shelf(1000, 10)], **RULES)
    host = describe_plan('compute-1', plan, Rules(**RULES))
    return render_page([host], NOW)


def hostile_page():
    return page_of(
        ready('a', 'pin.ops', size=300),
        ready('b', size=50),
        image('c', unknown=f'<script>console.log("out")</script>{LONG}'),
        image('x' * 255, users=frozenset({LONG}), size=500),
    )


@pytest.fixture
def file(tmp_path):
    return tmp_path / 'page.html'


@pytest.mark.parametrize('width', [360, 1280])
@pytest.mark.parametrize('dark', [0, 1])
def test_nothing_sticks_out(width, dark, file):
    page = hostile_page()
    assert POLICY in page
    file.write_text(page.replace(POLICY, '') + MEASURE)
    dom, _ = browse(
        f'--window-size={width},900',
        f'--blink-settings=preferredColorScheme={dark}',
        '--dump-dom',
        file.as_uri(),
    )
    assert re.search('<title>(.*)</title>', dom)[1] == 'true'


def test_nothing_is_run_and_nothing_complains(file):
    file.write_text(hostile_page())
    picture = pathlib.Path(f'{file}.png')
    _, log = browse(f'--screenshot={picture}', file.as_uri())
    assert picture.stat().st_size > 1000
    assert 'CONSOLE' not in log


def test_it_is_printed_on_a4(file):
    file.write_text(hostile_page())
    paper = pathlib.Path(f'{file}.pdf')
    browse(f'--print-to-pdf={paper}', file.as_uri())
    sizes = re.findall(rb'/MediaBox\s*\[([^\]]*)\]', paper.read_bytes())
    assert sizes
    for size in sizes:
        width, height = map(float, size.split()[2:])
        assert (round(width), round(height)) == (595, 842)


def test_ten_thousand_images_are_drawn(file):
    images = [
        image(f'{number:032x}', users=frozenset({'vm'}))
        for number in range(10_000)
    ]
    picture = pathlib.Path(f'{file}.png')
    file.write_text(page_of(*images))
    began = time.monotonic()
    browse(f'--screenshot={picture}', file.as_uri())
    # Said, not judged: it is the machine's time, and the browser's start.
    print(f'drawn in {time.monotonic() - began:.2f} s')
    assert picture.stat().st_size > 1000
