"""Judging: which tests of the kit a handler does not pass, and their words."""

import contextlib
import io
import unittest

from imagecache_handlers.testing import conformance
from imagecache_handlers.testing.template.handler import ShelfHandler
from imagecache_handlers.testing.template import kit
from tests.kit import cellar
from tests.kit import test_memory


class FolderHooks:
    """The hooks of the template, on what was made of its handler."""

    sees_users = False

    def connect(self):
        return self.handler(self.shelf)


def kit_of(handler):
    """Give the test case that is the kit on a handler."""
    if issubclass(handler, ShelfHandler):
        bases = FolderHooks, kit.TestShelf
    elif issubclass(handler, cellar.CellarHandler):
        bases = cellar.CellarHooks, conformance.HandlerConformance
    else:
        bases = test_memory.ShelfHooks, conformance.HandlerConformance
    if unittest.TestCase not in bases[1].__mro__:
        bases = *bases, unittest.TestCase
    sees_users = getattr(handler, 'sees_users', bases[0].sees_users)
    made = {'handler': handler, 'sees_users': sees_users}
    return type(handler.__name__, bases, made)


def messages(handler):
    """Run the kit on a handler; give the messages of each failed test."""
    result = unittest.TestResult()
    case = kit_of(handler)
    with contextlib.redirect_stdout(io.StringIO()):
        unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    said = {}
    for test, text in result.failures + result.errors:
        # A subtest stands for the test that it is a part of.
        name = getattr(test, 'test_case', test)._testMethodName
        said.setdefault(name, []).append(text)
    return said
