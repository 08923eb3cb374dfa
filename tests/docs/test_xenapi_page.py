"""What the page of the handler ``xenapi`` names exists, and is all of it."""

import contextlib
import re
import textwrap

from oslo_config import cfg
import XenAPI

from imagecache_handlers.loader import load_handler
from imagecache_handlers_xenapi import chain
from imagecache_handlers_xenapi import opts
from imagecache_handlers_xenapi.port import errors
from tests.docs.reading import ROOT
from xapi_simulator import Scenario
from xapi_simulator import Simulator

PAGE = (ROOT / 'doc' / 'source' / 'xenapi.rst').read_text()


def test_every_option_that_it_sets_is_one():
    known = {opt.name for opt in opts.OPTS}
    [body] = re.findall(r'\[imagecache_xenapi\]\n((?:   \S.*\n)+)', PAGE)
    named = set(re.findall(r'^   (\w+) = ', body, flags=re.M))
    assert named and named <= known


def test_every_code_that_is_tried_again_is_named():
    for code in errors.PASSING:
        assert code in PAGE or code[-3:] in PAGE


def test_the_types_of_sr_are_those():
    for kind in 'ext', 'file', 'nfs', 'smb', 'lvm':
        assert kind in chain.KINDS and kind in PAGE


def test_the_example_of_a_lent_session_works():
    [code] = re.findall(r'block:: python\n\n((?:   .*\n|\n)+)', PAGE)
    with (
        Simulator(Scenario(images=2)) as pool,
        contextlib.ExitStack() as opened,
    ):
        session = XenAPI.Session(pool.url)
        opened.callback(session('close'))
        session.login_with_password('root', pool.password)
        names = {}
        code = textwrap.dedent(code).replace('https://xen-1', pool.url)
        exec(code, names)  # noqa: S102 -- our own page

        def load(*arguments, **lent):
            handler = load_handler(*arguments, **lent)
            opened.callback(handler.close)
            return handler

        names['load_handler'] = load
        cache = names['open_cache'](cfg.ConfigOpts(), session)
        assert len(cache.inventory().images) == 2
