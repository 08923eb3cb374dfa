"""What the page of the handler ``xenapi`` names exists, and is all of it."""

import re

from imagecache_handlers_xenapi import chain
from imagecache_handlers_xenapi import failures
from imagecache_handlers_xenapi import opts
from tests.docs.reading import ROOT

PAGE = (ROOT / 'doc' / 'source' / 'xenapi.rst').read_text()


def test_every_option_that_it_sets_is_one():
    known = {opt.name for opt in opts.OPTS}
    [body] = re.findall(r'\[imagecache_xenapi\]\n((?:   \S.*\n)+)', PAGE)
    named = set(re.findall(r'^   (\w+) = ', body, flags=re.M))
    assert named and named <= known


def test_every_code_that_is_tried_again_is_named():
    for code in failures.PASSING:
        assert code in PAGE or code[-3:] in PAGE


def test_the_types_of_sr_are_those():
    for kind in 'ext', 'file', 'nfs', 'smb', 'lvm':
        assert kind in chain.KINDS and kind in PAGE
