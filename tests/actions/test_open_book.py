"""What is reserved is given back by who cannot wait, and stays so."""

import datetime
import threading

import pytest

from imagecache_handlers.actions.open_book import OpenBook
from imagecache_handlers.actions.reserving import Ledger
from imagecache_handlers.clocks import utc_now
from imagecache_handlers import Reservation
from imagecache_handlers import StoreUnavailable
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import opened


def reservation(token, size=10):
    until = utc_now() + datetime.timedelta(hours=1)
    return Reservation(
        image_id='a', store='shelf', token=token, size=size, until=until
    )


def tokens(book):
    return [one.token for one in book.reservations('shelf')]


class Hanging(Ledger):
    """A ledger in which that token is written once the gate is open."""

    def __init__(self, token):
        super().__init__()
        self.token = token
        self.begun, self.gate = threading.Event(), threading.Event()

    def reserve(self, reservation):
        if reservation.token == self.token:
            self.begun.set()
            assert self.gate.wait(60)
        super().reserve(reservation)


class Failing(Ledger):
    def unreserve(self, reservation):
        if reservation.token == 'b':
            raise StoreUnavailable('shelf', 'no')
        super().unreserve(reservation)


def test_all_of_ones_own_is_given_back_and_no_more_is_written():
    ledger = Ledger()
    ledger.reserve(reservation('other'))
    book = OpenBook(ledger)
    for token in 'ab':
        book.reserve(reservation(token))
    book.reserve(reservation('b', 5))
    book.unreserve(reservation('a'))
    assert tokens(book) == ['other', 'b']
    book.give_back()
    book.give_back()
    assert tokens(book) == ['other']
    for token in 'bc':
        book.reserve(reservation(token))
    assert tokens(book) == ['other']


def test_what_is_being_written_is_given_back_then():
    ledger = Hanging('a')
    book = OpenBook(ledger)
    book.reserve(reservation('b'))
    writer = threading.Thread(target=book.reserve, args=[reservation('a')])
    writer.start()
    assert ledger.begun.wait(60)
    leaver = threading.Thread(target=book.give_back)
    leaver.start()
    # One that hangs keeps no other.
    while tokens(ledger):
        assert leaver.is_alive()
    leaver.join(0.5)
    assert leaver.is_alive()
    ledger.gate.set()
    writer.join()
    leaver.join()
    assert tokens(ledger) == []


def test_one_that_cannot_be_given_back_keeps_no_other(caplog):
    ledger = Failing()
    book = OpenBook(ledger)
    for token in 'abc':
        book.reserve(reservation(token))
    book.give_back()
    assert tokens(ledger) == ['b']
    assert 'stays reserved for a while' in caplog.text


@pytest.mark.parametrize('done', [2, 10])
def test_room_is_given_back_while_an_image_comes_in(tmp_path, done):
    shelf = Shelf()
    cache, wanted = opened(tmp_path, shelf)
    source = Images(a=b'a' * 16, piece=1)
    seen = []

    def leave(image_id, at):
        if at == done:
            seen.append(len(shelf.reservations))
            cache.give_back_room()
        if at > done:
            seen.append(len(shelf.reservations))

    source.on_piece = leave
    cache.prefetch(['a'], source, HOUR, settings=wanted)
    assert seen == [1] + [0] * (16 - done)
