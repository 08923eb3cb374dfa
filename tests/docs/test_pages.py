"""What the other pages show runs, and what they name exists."""

import contextlib
import io
import re
import shlex
import textwrap
import unittest

from oslo_config import cfg
import pytest

from imagecache_handlers.config import groups
from imagecache_handlers.config import mistakes
from imagecache_handlers.config.options import register_opts
from imagecache_handlers.config.settings import Settings
from imagecache_handlers import exceptions
from imagecache_handlers import loader
from imagecache_handlers.planning.verdicts import Reason
from tests.docs.reading import cases
from tests.docs.reading import directives
from tests.docs.reading import ROOT
from tests.docs.reading import run
from xapi_simulator import Actors

OPERATOR = ROOT / 'doc' / 'source' / 'operator.rst'
PREFETCH = ROOT / 'doc' / 'source' / 'prefetch.rst'
SIMULATOR = ROOT / 'doc' / 'source' / 'simulator.rst'
GLOSSARY = ROOT / 'doc' / 'source' / 'glossary.rst'
USER = ROOT / 'doc' / 'source' / 'user.rst'

# Small parts of others, that their docstrings explain well enough.
ACTORS_OF_THEIR_OWN = {'default_sr', 'disk', 'end_disk'}


def test_the_user_guide_runs():
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        run(USER)
    assert 'boot from debian' in said.getvalue()
    assert 'alpine too-young' in said.getvalue()


def test_the_simulators_page_runs_and_its_tests_pass():
    suite = cases(run(SIMULATOR))
    result = unittest.TestResult()
    suite.run(result)
    assert result.testsRun == 2
    assert not result.failures + result.errors


def test_the_simulators_page_names_its_points_and_actors():
    text = SIMULATOR.read_text()
    for name in vars(Actors):
        if not name.startswith('_') and name not in ACTORS_OF_THEIR_OWN:
            assert f'``{name}``' in text, name


def test_the_readme_runs(capsys):
    run(ROOT / 'README.rst')
    assert capsys.readouterr().out == '0 bytes freed\n'


def test_the_readme_has_just_two_commands_to_set_up_and_go():
    (body,) = [
        body
        for _, _, body in directives(
            ROOT / 'README.rst', 'code-block', 'shell'
        )
    ]
    commands = [shlex.split(line, comments=True) for line in body.split('\n')]
    assert [one for one in commands if one] == [
        ['sh', 'tools/demo'],
        ['sh', 'tools/test'],
    ]


@pytest.mark.parametrize(
    'body',
    [
        body
        for page in (OPERATOR, PREFETCH)
        for _, _, body in directives(page, 'code-block', 'ini')
    ],
)
def test_the_options_of_the_guides_are_taken(body, tmp_path):
    file = tmp_path / 'cache.conf'
    file.write_text(textwrap.dedent(body))
    conf = cfg.ConfigOpts()
    register_opts(conf)
    conf([f'--config-file={file}'])
    assert not mistakes.find_unknown(conf, groups.load_groups())
    assert Settings(conf).make_rules(loader.load_order)


@pytest.mark.parametrize('name', ['README.rst', 'SECURITY.rst'])
def test_the_links_beside_the_sources_lead_somewhere(name):
    text = (ROOT / name).read_text()
    named = re.findall(r'<([\w/.-]+)>`_', text)
    assert named
    for path in named:
        assert (ROOT / path).is_file(), path


def test_the_operator_guide_explains_every_reason():
    text = OPERATOR.read_text()
    asked = {Reason.ASKED}  # of an explicit evict, which no plan shows
    for reason in set(Reason) - asked:
        assert f'``{reason.value}``' in text, reason


def test_the_user_guide_names_errors_that_exist():
    errors = {
        name for name in vars(exceptions) if f'``{name}``' in USER.read_text()
    }
    assert len(errors) >= 9


def test_the_glossary_stays_short_and_refuses_the_other_words():
    [(_, _, body)] = directives(GLOSSARY, 'glossary')
    entries = re.split(r'^   (?=\w)', body, flags=re.MULTILINE)[1:]
    terms = [entry.split('\n', 1)[0] for entry in entries]
    assert terms == sorted(terms)
    assert 20 <= len(terms) <= 30
    for term, entry in zip(terms, entries, strict=True):
        assert re.search(r'\b(not|never|nothing else)\b', entry, re.I), term
