"""Filters: xapi's grammar with its surprises, and what they compare."""

import unittest

from hypothesis import given
from hypothesis import strategies

from tests.xapi_simulator.clients import PoolCase
from xapi_simulator import filters

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'
OTHER = 'c0ffee00-0000-4000-8000-000000000002'

texts = strategies.text().filter(lambda text: '"' not in text)
values = strategies.one_of(texts.map(filters.Text), texts.map(filters.Column))
expressions = strategies.recursive(
    strategies.one_of(
        strategies.booleans().map(filters.Truth),
        strategies.builds(filters.Equal, values, values),
    ),
    lambda inner: strategies.one_of(
        strategies.builds(filters.Not, inner),
        strategies.builds(filters.Both, inner, inner),
        strategies.builds(filters.Either, inner, inner),
    ),
)


def column(name):
    return lambda row: row[name]


def truth(text, **row):
    return filters.compiled(filters.parse(text), column)(row)


class TestGrammar(unittest.TestCase):
    @given(expressions)
    def test_what_is_shown_is_read_back(self, expression):
        self.assertEqual(expression, filters.parse(filters.show(expression)))

    @given(strategies.text('andortfi"= ()\n\tel0', max_size=60))
    def test_any_text_is_a_filter_or_an_error(self, text):
        try:
            expression = filters.parse(text)
        except filters.FilterError:
            return
        self.assertEqual(expression, filters.parse(filters.show(expression)))

    @given(expressions, strategies.booleans())
    def test_what_is_compiled_is_what_it_says(self, expression, value):
        names = set(filters.columns(expression))
        row = dict.fromkeys(names, 'true' if value else '')
        test = filters.compiled(expression, column)
        self.assertEqual(meaning(expression, row), test(row))

    def test_and_and_or_bind_equally_and_to_the_left(self):
        self.assertFalse(truth('true or true and false'))
        self.assertTrue(truth('false and false or true'))
        self.assertEqual(
            filters.parse('("a"="b" or "c"="d") and "e"="f"'),
            filters.parse('"a"="b" or "c"="d" and "e"="f"'),
        )

    def test_not_takes_all_that_follows(self):
        self.assertTrue(truth('not (true) and false'))
        self.assertFalse(truth('(not (true)) and false'))
        self.assertEqual(
            filters.parse('"a"="b" and (not ("c"="d" or true))'),
            filters.parse('"a"="b" and not "c"="d" or true'),
        )

    def test_there_is_no_escape(self):
        for text in r'"a\"b"="c"', '"a""b"="c"', "'a'='b'":
            with self.assertRaises(filters.FilterError):
                filters.parse(text)
        self.assertTrue(truth(r'field "a"="b\\"', a='b\\\\'))

    def test_only_equality_and_only_lower_case(self):
        for text in (
            '"a"!="b"',
            '"a"<"b"',
            '"a"="b" AND "c"="d"',
            'TRUE',
            'Field "a"="b"',
            '"a" like "b"',
            '',
            '()',
            '"a"',
            '"a"="b" "c"="d"',
            '"a"="b" and',
            '(true',
            'true)',
        ):
            with self.subTest(text), self.assertRaises(filters.FilterError):
                filters.parse(text)

    def test_fields_may_stand_on_both_sides(self):
        self.assertTrue(truth('field "a"=field "b"', a='x', b='x'))
        self.assertTrue(truth('"x"=field "a"', a='x'))

    def test_a_chain_may_be_long_and_nesting_may_not_kill(self):
        many = ' or '.join(f'field "a"="{n}"' for n in range(5000))
        self.assertTrue(truth(many, a='4999'))
        with self.assertRaises(filters.FilterError):
            filters.parse('(' * 100000 + 'true' + ')' * 100000)


def meaning(expression, row):
    """Say what a filter means, as slowly as it can be said."""
    match expression:
        case filters.Truth(value):
            return value
        case filters.Equal(left, right):
            one, other = (
                row[side.name]
                if isinstance(side, filters.Column)
                else side.text
                for side in (left, right)
            )
            return one == other
        case filters.Not(inner):
            return not meaning(inner, row)
        case filters.Both(left, right):
            return meaning(left, row) and meaning(right, row)
        case filters.Either(left, right):
            return meaning(left, row) or meaning(right, row)


class TestRows(PoolCase):
    def setUp(self):
        super().setUp()
        self.image = self.pool.actors.cache(IMAGE)
        self.clone = self.pool.actors.spawn(self.image)
        self.disk = self.pool.actors.disk('data')
        uuid = self.xapi.VDI.get_sm_config(self.clone)['vhd-parent']
        self.base = self.xapi.VDI.get_by_uuid(uuid)

    def where(self, text):
        found = self.xapi.VDI.get_all_records_where(text)
        refs = self.xapi.VDI.get_all_where(text)
        self.assertEqual(set(found), set(refs))
        return set(refs)

    def test_names_have_two_underscores(self):
        label = f'field "name__label"="Glance Image {IMAGE}"'
        self.assertEqual({self.image}, self.where(label))
        self.assertFails(
            ['INTERNAL_ERROR', 'missing field', 'name_label', ''],
            self.xapi.VDI.get_all_where,
            'field "name_label"="a"',
        )
        root = 'field "name__description"="root"'
        self.assertEqual({self.image}, self.where(root))

    def test_a_reference_is_compared_as_text(self):
        everything = {self.image, self.clone, self.disk, self.base}
        self.assertEqual(everything, self.where(f'field "SR"="{self.sr}"'))
        self.assertEqual(set(), self.where('field "SR"="OpaqueRef:NULL"'))
        mine = f'field "_ref"="{self.image}"'
        self.assertEqual({self.image}, self.where(mine))

    def test_booleans_are_words_and_integers_decimal(self):
        unmanaged = self.where('field "managed"="false"')
        self.assertEqual({self.base}, unmanaged)
        size = 10 * 2**30
        sized = self.where(f'field "virtual_size"="{size}"')
        self.assertEqual({self.image, self.clone, self.base}, sized)

    def test_an_enum_is_lower_case(self):
        self.assertEqual(4, len(self.where('field "type"="user"')))
        self.assertEqual(0, len(self.where('field "type"="User"')))

    def test_sets_and_maps_are_whole_texts_in_their_order(self):
        free = self.where('field "VBDs"="()"')
        self.assertEqual({self.image, self.disk, self.base}, free)
        self.assertEqual(4, len(self.where('field "tags"="()"')))
        self.assertEqual(4, len(self.where('field "current_operations"="()"')))
        self.xapi.VDI.set_other_config(self.disk, {'a': 'b', 'c': "d'\\"})
        text = r"(('a' 'b') ('c' 'd\'\\'))"
        found = self.where(f'field "other_config"="{text}"')
        self.assertEqual({self.disk}, found)
        self.assertEqual(set(), self.where('field "other_config"="a"'))

    def test_a_column_that_is_not_there_is_only_missed_when_looked_at(self):
        nothing = 'field "nothing"="a"'
        missing = ['INTERNAL_ERROR', 'missing field', 'nothing', '']
        self.assertFails(missing, self.xapi.VDI.get_all_where, nothing)
        self.assertEqual(set(), self.where(f'false and {nothing}'))
        self.assertEqual([], self.xapi.task.get_all_where(nothing))

    def test_no_filter_asks_for_one_key(self):
        self.assertCode(
            'INTERNAL_ERROR',
            self.xapi.VDI.get_all_where,
            'field "other_config__image-id"="a"',
        )

    def test_what_is_no_filter_is_an_invalid_value(self):
        self.assertFails(
            ['INVALID_VALUE', 'true and', 'Parsing.Parse_error'],
            self.xapi.VDI.get_all_records_where,
            'true and',
        )

    def test_an_answer_is_one_snapshot(self):
        rows = self.pool.world.records.rows('VDI')
        self.pool.actors.delete(self.disk)
        self.assertIn(self.disk, rows)
        self.assertNotIn(self.disk, self.where('true'))
