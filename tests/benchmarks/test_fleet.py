"""The benchmark of the fleet, small, on a board in memory."""

from benchmarks import fleet
from tests.frontends.fleet.memory_board import MemoryBoard


def test_it_measures_what_hosts_tell():
    board = MemoryBoard()
    row = fleet.measure(board, hosts=3, images=10, times=1)
    assert row['hosts'] == 3
    assert row['bytes'] == 3 * row['bytes_a_host']
    assert 100 < row['bytes_a_host'] < 400
    assert board.read_all('hosts') == board.read_all('alive') == {}
