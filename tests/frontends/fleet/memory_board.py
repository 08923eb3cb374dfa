"""A board in memory, with a clock that is moved by hand and faults."""

from imagecache_handlers.frontends.fleet.board import BoardLost
from imagecache_handlers.frontends.fleet.board import Glance
from imagecache_handlers.frontends.fleet.board import LONGEST_NOTE


class MemoryBoard:
    """What etcd and redis are to us: it has the same tests as they do.

    ``trouble``: why it is lost now; ``calls`` names those that were made.
    """

    def __init__(self):
        self.now = 0.0
        self.trouble = None
        self.calls = []
        self._notes = {}
        self._stays = 0

    def note_call(self, name):
        if self.trouble is not None:
            raise BoardLost('memory', self.trouble)
        self.calls.append(name)

    def forget_all(self):
        """Begin anew, as a server that keeps nothing on a disk."""
        self._notes.clear()

    def read(self, name):
        self.note_call('read')
        return self.find(name)

    def read_all(self, room):
        self.note_call('read_all')
        first = f'{room}/'
        return {
            name.removeprefix(first): self.find(name)
            for name in list(self._notes)
            if name.startswith(first) and self.find(name) is not None
        }

    def glance(self, names, room):
        self.note_call('glance')
        asked, first = frozenset(names), f'{room}/'
        return Glance(
            asked=asked,
            notes={one: self.find(one) for one in asked if self.find(one)},
            names=frozenset(
                one.removeprefix(first)
                for one in self._notes
                if one.startswith(first) and self.find(one)
            ),
        )

    def write_all(self, notes, seconds):
        self.note_call('write_all')
        for name, value in notes.items():
            self.put(name, value, seconds)

    def remove(self, name):
        self.note_call('remove')
        for one in list(self._notes):
            if one == name or one.startswith(f'{name}/'):
                del self._notes[one]

    def stay(self, seconds):
        self.note_call('stay')
        self._stays += 1
        return MemoryStay(self, f'stay {self._stays}'.encode(), seconds)

    def find(self, name):
        value, end = self._notes.get(name, (None, None))
        is_over = end is not None and end <= self.now
        return None if is_over or not value else value[: LONGEST_NOTE + 1]

    def put(self, name, value, seconds):
        end = None if seconds is None else self.now + seconds
        self._notes[name] = value, end


class MemoryStay:
    def __init__(self, board, token, seconds):
        self.board = board
        self.token = token
        self.seconds = seconds
        self.names = set()

    def claim(self, name):
        self.board.note_call('claim')
        if self.board.find(name) not in (None, self.token):
            return False
        self.board.put(name, self.token, self.seconds)
        self.names.add(name)
        return True

    def is_own(self, note):
        return note == self.token

    def leave(self, name):
        self.names.discard(name)
        self.board.note_call('leave')
        if self.board.find(name) == self.token:
            self.board.put(name, b'', None)

    def renew(self):
        self.board.note_call('renew')
        if any(self.board.find(one) != self.token for one in self.names):
            return False
        for name in self.names:
            self.board.put(name, self.token, self.seconds)
        return True

    def end(self):
        self.board.note_call('end')
        for name in sorted(self.names):
            self.leave(name)
