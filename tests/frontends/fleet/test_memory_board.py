"""The board of these tests keeps what those of operators do."""

from tests.frontends.fleet.board_contract import BoardContract
from tests.frontends.fleet.memory_board import MemoryBoard


class Grouped(MemoryBoard):
    """One group of a board that has several."""

    def __init__(self, notes, group):
        super().__init__()
        self._notes = notes.setdefault(group, {})


class TestMemoryBoard(BoardContract):
    def setup_method(self):
        self.notes = {}
        self.boards = []

    def make_board(self, group='ours'):
        self.boards.append(Grouped(self.notes, group))
        return self.boards[-1]

    def pass_time(self, seconds):
        for one in self.boards:
            one.now += seconds
