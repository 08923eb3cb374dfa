"""What the page of the handler ``vmware`` names exists, and works."""

import contextlib
import re
import textwrap

from oslo_config import cfg

from imagecache_handlers.loader import load_handler
from imagecache_handlers_vmware import opts
from tests.docs.reading import ROOT
from tests.vmware.lender import Lender
from vcenter_simulator.images import BASE
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.simulator import Simulator

PAGE = (ROOT / 'doc' / 'source' / 'vmware.rst').read_text()


def test_every_option_that_it_sets_is_one():
    known = {opt.name for opt in opts.OPTS}
    [body] = re.findall(r'\[imagecache_vmware\]\n((?:   \S.*\n)+)', PAGE)
    named = set(re.findall(r'^   (\w+) = ', body, flags=re.M))
    assert named and named <= known


def test_the_example_of_a_lent_session_works():
    [code] = re.findall(r'block:: python\n\n((?:   .*\n|\n)+)', PAGE)
    with (
        Simulator(scenario=Scenario(images=2), tls=False) as vcenter,
        contextlib.ExitStack() as opened,
    ):
        names = {}
        exec(textwrap.dedent(code), names)  # noqa: S102 -- our own page

        def load(*arguments, **lent):
            handler = load_handler(*arguments, **lent)
            opened.callback(handler.close)
            return handler

        names['load_handler'] = load
        conf = cfg.ConfigOpts()
        opts.register_opts(conf)
        conf.set_override('base_folder', BASE, opts.GROUP)
        cache = names['open_cache'](conf, Lender(vcenter))
        assert len(cache.inventory().images) == 2
