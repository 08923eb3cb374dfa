"""JSON is laid out as the standard library would."""

import argparse
import io
import json
import unittest

from imagecache_handlers.frontends.cli.pages.answer import Several
from imagecache_handlers.frontends.cli.pages.answer import Size
from imagecache_handlers.frontends.cli.pages import formats

NAMES = ('a', 'b')


def written(rows, *, noindent=False):
    stream = io.StringIO()
    options = argparse.Namespace(noindent=noindent)
    formats.Json().emit_list(NAMES, iter(rows), stream, options)
    return stream.getvalue()


class TestJson(unittest.TestCase):
    def test_each_row_is_a_line(self):
        hostile = '},\n    {"a": "\u2028\x1b\\'
        for rows in (
            [],
            [(1, None)],
            [('x', 'y'), (2, hostile), (hostile, 'z')],
            [('},', '{'), ('', '[]')],
            [(Size(1), Several(['p', 'q'])), (Size(2), Several({}))],
        ):
            with self.subTest(rows=rows):
                objects = [
                    {
                        name: getattr(cell, '_value', cell)
                        for name, cell in zip(NAMES, row, strict=True)
                    }
                    for row in rows
                ]
                self.assertEqual(objects, json.loads(written(rows)))
                lines = written(rows).splitlines()[1:-1]
                self.assertEqual(
                    objects, [json.loads(line.rstrip(',')) for line in lines]
                )
                self.assertEqual(
                    objects, json.loads(written(rows, noindent=True))
                )
