"""Reads the code and the quotations out of a page, and runs them."""

import ast
import pathlib
import re
import textwrap
import unittest

ROOT = pathlib.Path(__file__).parents[2]

_DIRECTIVE = re.compile(
    r'^(?P<indent> *)\.\. (?P<name>[\w-]+):: *(?P<argument>.*)\n'
    r'(?P<body>(?:(?P=indent) +\S.*\n| *\n)*)',
    re.MULTILINE,
)
_OPTION = re.compile(r'^ +:([\w-]+): *(.*)$', re.MULTILINE)


def directives(page, name, argument=''):
    """Give the line, argument and body of each such directive of a page."""
    text = page.read_text()
    for found in _DIRECTIVE.finditer(text):
        if found['name'] == name and argument in ('', found['argument']):
            line = text.count('\n', 0, found.start('body'))
            yield line, found['argument'], found['body']


def run(page):
    """Run the Python of a page from top to bottom; give what it defines."""
    names = {'__name__': page.stem}
    for line, _, body in directives(page, 'code-block', 'python'):
        # The empty lines let a traceback point into the page.
        source = '\n' * line + textwrap.dedent(_OPTION.sub('', body))
        exec(compile(source, str(page), 'exec'), names)  # noqa: S102
    return names


def cases(names):
    """Collect the tests that a page defines."""
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    return unittest.TestSuite(
        load(case)
        for case in names.values()
        if isinstance(case, type) and issubclass(case, unittest.TestCase)
    )


def quoted(page):
    """Check what a page includes from source files; give how many."""
    count = 0
    for _, argument, body in directives(page, 'literalinclude'):
        source = (page.parent / argument).read_text()
        options = dict(_OPTION.findall(body))
        if 'pyobject' in options:
            define(source, options['pyobject'])
        for option in 'start-after', 'end-before':
            if options.get(option, '') not in source:
                raise LookupError(f'{argument}: {options[option]}')
        count += 1
    return count


def define(source, name):
    """Find the class or function of a dotted name."""
    node = ast.parse(source)
    for part in name.split('.'):
        named = [it for it in node.body if getattr(it, 'name', '') == part]
        if not named:
            raise LookupError(name)
        node = named[0]
    return node
