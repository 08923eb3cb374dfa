"""What the pages show of the command: it parses, and looks like that."""

import argparse
import shlex
import textwrap

import pytest

from imagecache_handlers.frontends.cli.application import App
from tests.docs.reading import directives
from tests.docs.reading import ROOT
from tests.docs import sample

PAGES = [ROOT / 'README.rst', *sorted((ROOT / 'doc' / 'source').glob('*.rst'))]
PROMPT = '$ imagecache '


def lines_of(page):
    """Give each line of a command, put together if it is broken."""
    for _, _, body in directives(page, 'code-block', 'console'):
        for line in body.replace('\\\n', ' ').splitlines():
            if line.strip().startswith(PROMPT):
                yield line.strip().removeprefix(PROMPT)


LINES = [(page.name, line) for page in PAGES for line in lines_of(page)]


def parsed(line):
    """Have the application and the command take their options."""
    app = App()
    words = shlex.split(line.partition(' > ')[0])
    _, rest = app.parser.parse_known_args(words)
    factory, name, rest = app.command_manager.find_command(rest)
    parser = factory(app, argparse.Namespace()).get_parser(name)
    parser.parse_args(rest)
    return name


@pytest.mark.parametrize(('page', 'line'), LINES)
def test_a_command_of_a_page_is_taken(page, line):
    assert parsed(line)


def test_the_pages_show_every_command():
    shown = {parsed(line) for _, line in LINES}
    pages = '\n'.join(page.read_text() for page in PAGES)
    for name in set(App().command_manager.commands) - {'help'}:
        assert name in shown or f'``{name}``' in pages, name


@pytest.mark.parametrize('text', [sample.plan_text, sample.usage_text])
def test_the_readme_shows_the_pages_as_they_are(text, monkeypatch):
    monkeypatch.setenv('TZ', 'UTC')
    sample.time.tzset()
    shown = [
        textwrap.dedent(body).strip()
        for _, _, body in directives(ROOT / 'README.rst', 'code-block', 'text')
    ]
    assert textwrap.dedent(text()).strip() in shown
