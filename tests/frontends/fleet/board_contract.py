"""What every board promises, whatever it is kept in."""

from imagecache_handlers.frontends.fleet.board import LONGEST_NOTE


class BoardContract:
    """Tests of a board; ``pass_time`` lets it have so many seconds."""

    def make_board(self, group='ours'):
        raise NotImplementedError

    def pass_time(self, seconds):
        raise NotImplementedError

    def test_what_was_written_is_read(self):
        board = self.make_board()
        notes = {f'hosts/h{one}': b'%d' % one for one in range(300)}
        board.write_all(notes, 600)
        found = board.read_all('hosts')
        assert {f'hosts/{name}': value for name, value in found.items()} == (
            notes
        )
        assert board.read('hosts/h7') == b'7'
        assert board.read('hosts/h') is None

    def test_a_glance_has_some_notes_and_the_names_in_a_room(self):
        board = self.make_board()
        notes = {'hosts/h': b'1', 'hosts/i': b'2', 'hosts2/h': b'3'}
        board.write_all(notes | {'wishes/w': b'4', 'wishes/x/y': b'5'}, 600)
        seen = board.glance(['hosts/h', 'hosts/none'], 'wishes')
        assert seen.asked == {'hosts/h', 'hosts/none'}
        assert seen.notes == {'hosts/h': b'1'}
        assert seen.names == {'w', 'x/y'}
        assert board.glance([], 'turns').names == frozenset()
        board.write_all({'hosts/h': b'1' * (LONGEST_NOTE + 9)}, 600)
        [found] = board.glance(['hosts/h'], 'wishes').notes.values()
        assert len(found) == LONGEST_NOTE + 1

    def test_a_stay_knows_its_own(self):
        board = self.make_board()
        one, other = board.stay(60), board.stay(60)
        assert one.claim('alive/h')
        [note] = board.glance(['alive/h'], 'wishes').notes.values()
        assert one.is_own(note)
        assert not other.is_own(note)
        assert not one.is_own(None)

    def test_groups_and_rooms_see_nothing_of_each_other(self):
        board = self.make_board()
        board.write_all({'hosts/h': b'1', 'hosts2/h': b'2'}, 600)
        self.make_board('ours2').write_all({'hosts/x': b'3'}, 600)
        assert board.read_all('hosts') == {'h': b'1'}

    def test_what_is_removed_goes_with_what_is_below_it(self):
        board = self.make_board()
        names = ('states/w', 'states/w/h', 'states/w2', 'states/w2/h')
        board.write_all(dict.fromkeys(names, b'1'), None)
        board.remove('states/w')
        board.remove('nothing')
        assert board.read_all('states').keys() == {'w2', 'w2/h'}

    def test_a_note_ends(self):
        board = self.make_board()
        board.write_all({'hosts/h': b'1'}, 1)
        board.write_all({'hosts/i': b'1'}, None)
        self.pass_time(3)
        assert board.read_all('hosts') == {'i': b'1'}

    def test_a_long_note_is_cut(self):
        board = self.make_board()
        board.write_all({'hosts/h': b'1' * (LONGEST_NOTE + 9)}, 600)
        assert len(board.read('hosts/h')) == LONGEST_NOTE + 1
        assert len(board.read_all('hosts')['h']) == LONGEST_NOTE + 1

    def test_one_claims_and_the_other_waits_until_it_leaves(self):
        board = self.make_board()
        one, other = board.stay(60), board.stay(60)
        assert one.claim('alive/h')
        assert one.claim('alive/h')
        assert not other.claim('alive/h')
        other.leave('alive/h')
        other.end()
        assert board.read('alive/h') is not None
        one.leave('alive/h')
        assert board.stay(60).claim('alive/h')

    def test_the_end_of_a_stay_leaves_nothing(self):
        board = self.make_board()
        one = board.stay(60)
        assert one.claim('alive/h')
        assert one.claim('turns/w/0')
        one.end()
        assert board.read_all('alive') == board.read_all('turns') == {}
        one.end()

    def test_a_stay_lasts_while_it_is_renewed(self):
        board = self.make_board()
        kept, left = board.stay(4), board.stay(4)
        assert kept.claim('alive/h')
        assert kept.claim('turns/w/0')
        assert left.claim('alive/i')
        kept.leave('turns/w/0')
        for _ in range(3):
            self.pass_time(2)
            assert kept.renew()
        assert board.read_all('alive').keys() == {'h'}
        assert not left.renew()

    def test_a_stay_that_is_over_can_claim_nothing_for_long(self):
        board = self.make_board()
        one = board.stay(1)
        assert one.claim('alive/h')
        self.pass_time(3)
        assert board.stay(60).claim('alive/h')
        assert not one.renew()
        one.end()
        assert board.read('alive/h') is not None
