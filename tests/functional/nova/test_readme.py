"""The README's lines on Nova: each does what it is there for.

systemd is stood in for by programs that note what they are told: it would
begin and end a service of this machine.
"""

import os
import re
import subprocess
import sys

from oslo_config import cfg
import pytest

from imagecache_handlers.config.options import register_opts
from imagecache_handlers.config.settings import Settings
from tests.docs.reading import directives
from tests.functional.nova.test_libvirt import open_world
from tests.functional.nova.test_libvirt import README
from tests.functional.nova.test_libvirt import STOCK

BIN = os.path.dirname(sys.executable)
TOLD = '#!/bin/sh\necho "$@" >>{place}/told\n'
JOURNAL = '#!/bin/sh\ncat {place}/journal\n'


def read_lines(kind):
    """Give the lines of the only block of that kind that is about Nova."""
    [block] = [
        body
        for _, _, body in directives(README, 'code-block', kind)
        if 'compute' in body
    ]
    return [line.strip() for line in block.splitlines() if line.strip()]


OPTIONS, COMMANDS = read_lines('ini'), read_lines('console')
INSTALL, EDIT, RESTART, BACK = COMMANDS


@pytest.fixture
def place(tmp_path):
    """A machine with Nova's file of options, and no systemd."""
    for name, text in ('systemctl', TOLD), ('journalctl', JOURNAL):
        program = tmp_path / name
        program.write_text(text.format(place=tmp_path))
        program.chmod(0o755)
    (tmp_path / 'nova.conf').write_text('\n'.join([*OPTIONS, '']))
    return tmp_path


def run(command, place):
    """Run a line as root would, but for where Nova's options are."""
    line = command.removeprefix('# ')
    line = line.replace('/etc/nova/nova.conf', str(place / 'nova.conf'))
    done = subprocess.run(  # noqa: S603
        ['bash', '-c', line],  # noqa: S607
        env=os.environ | {'PATH': f'{place}:{BIN}:{os.environ["PATH"]}'},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_driver(place):
    text = (place / 'nova.conf').read_text()
    return re.findall(r'^compute_driver = (.*)$', text, re.MULTILINE)


def test_they_are_eight():
    assert len(OPTIONS) + len(COMMANDS) == 8


def test_what_is_installed_is_this(place):
    # A checkout has it, and no index; it is installed here, from one.
    named = INSTALL.replace('".[', '"imagecache-handlers[')
    assert named != INSTALL
    found = run(f'{named} --no-index', place)
    assert 'already satisfied: imagecache-handlers[prefetch]' in found


def test_the_options_are_options(place):
    conf = cfg.ConfigOpts()
    conf([f'--config-file={place / "nova.conf"}'])
    register_opts(conf)
    assert Settings(conf).read_value('high_watermark') == 85


def test_the_program_takes_these_options(place):
    program = EDIT.rpartition(' ')[2]
    file = place / 'nova.conf'
    run(f'{program} --config-file {file} --version', place)
    run(EDIT, place)
    assert (place / 'told').read_text() == 'edit nova-compute\n'


def test_a_sweep_is_seen_after_the_restart(place):
    [driver] = read_driver(place)
    with (
        open(place / 'journal', 'w') as journal,
        open_world(driver, place / 'host', log=journal) as world,
    ):
        world.sweep()
    found = run(RESTART, place)
    assert (place / 'told').read_text() == 'restart nova-compute\n'
    assert found == 'Image cache: 0 images, 0 evicted, 0 bytes freed\n'


def test_the_way_back_is_novas_own_driver(place):
    run(BACK, place)
    assert read_driver(place) == [STOCK]
