"""What is drawn on a terminal, and what is asked there."""

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER
from tests.frontends.cli.terminal import Terminal

COLOUR = '\x1b['


class InTerminal(Command):
    def terminal(self, *arguments, **variables):
        line = [*arguments, '--config-file', str(self.conf)]
        return Terminal(line, self.root, **variables)

    def drawn(self, *arguments, **variables):
        with self.terminal(*arguments, **variables) as terminal:
            terminal.end()
        return terminal

    def setUp(self):
        super().setUp()
        self.configure('high_watermark = 99')
        self.add()
        self.age()
        self.none = self.in_use('# none\n')


class TestColours(InTerminal):
    def test_the_text_is_that_which_a_file_is_given(self):
        for line in (
            ['plan', *self.none],
            ['usage', *self.none],
            ['show', IMAGE],
            ['list', '-f', 'table'],
        ):
            with self.subTest(line):
                shown = self.drawn(*line)
                coloured = 'table' not in line
                self.assertEqual(coloured, COLOUR in shown.shown)
                self.assertEqual(
                    _without_space(self.out(*line)),
                    _without_space(shown.text),
                )

    def test_who_wants_no_colours_gets_none(self):
        for variables in {'NO_COLOR': '1'}, {'TERM': 'dumb'}:
            with self.subTest(variables):
                shown = self.drawn('plan', **variables)
                self.assertNotIn('\x1b', shown.shown)
                self.assertIn('Nothing would be evicted.', shown.text)

    def test_a_terminal_of_no_width_shows_all_the_same(self):
        for columns in '0', '1', '10', '99999999999':
            with self.subTest(columns):
                shown = self.drawn('plan', COLUMNS=columns)
                self.assertIn('Nothing would be evicted.', shown.text)


class TestQuestions(InTerminal):
    def ask(self, typed, *arguments):
        with self.terminal(*arguments) as terminal:
            self.assertTrue(terminal.read_until('[y/N] '), terminal.shown)
            terminal.type(typed)
            return terminal.end(), terminal.text

    def test_evict_asks_and_obeys(self):
        line = ['evict', IMAGE[:8], *self.none]
        for typed in 'n\n', '\n', 'perhaps\n', '\x04':
            with self.subTest(typed):
                code, text = self.ask(typed, *line)
                self.assertIn(f'Evict {IMAGE} (8 KiB) from', text)
                self.assertIn('\nNothing was evicted.\n', text)
                self.assertEqual(1, code)
                self.assertTrue(self.file().exists())
        code, text = self.ask('y\n', *line)
        self.assertIn(f'evicted    {IMAGE}', text)
        self.assertEqual(0, code)
        self.assertFalse(self.file().exists())

    def test_yes_is_not_asked(self):
        shown = self.drawn('evict', IMAGE, '--yes', *self.none)
        self.assertNotIn('[y/N]', shown.text)
        self.assertFalse(self.file().exists())

    def test_debris_clean_asks_and_obeys(self):
        orphan = self.sidecar(OTHER)
        self.sidecar().replace(orphan)
        code, text = self.ask('n\n', 'debris', 'clean')
        self.assertIn('Remove 1 piece of debris', text)
        self.assertEqual((1, True), (code, orphan.exists()))
        code, text = self.ask('yes\n', 'debris', 'clean')
        self.assertEqual((0, False), (code, orphan.exists()))


class TestProgress(InTerminal):
    def test_a_sweep_draws_a_bar_and_leaves_the_page_clean(self):
        self.add(OTHER)
        self.age()
        with self.terminal('sweep', *self.none) as terminal:
            code = terminal.end()
        self.assertEqual(0, code)
        self.assertIn('Evicting', terminal.text)
        # The bar is wiped away, and the cursor shown again.
        self.assertLess(
            terminal.shown.rindex('\x1b[2K'), terminal.shown.index('freed 16')
        )
        self.assertIn('\x1b[?25h', terminal.shown)
        page = terminal.text[terminal.text.rindex(self.path) :]
        self.assertNotIn('Evicting', page)
        self.assertIn('Evicted 2 images, freed 16 KiB; 0 stayed.', page)

    def test_without_a_bar_where_nothing_can_move(self):
        shown = self.drawn('sweep', *self.none, TERM='dumb')
        self.assertNotIn('Evicting', shown.text)
        self.assertNotIn('\x1b', shown.shown)
        self.assertIn('Evicted 1 image', shown.text)


def _without_space(text):
    """Leave out how much is free: it changes at any time."""
    return [
        line.partition('; ')[0] for line in text.splitlines() if line.strip()
    ]
