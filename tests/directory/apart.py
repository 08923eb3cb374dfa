"""Children that act where more, or less, is allowed than here."""

# Early, for whoever runs these may keep them from others.
import concurrent.futures.thread  # noqa: F401
import ctypes
import functools
import os
import subprocess
import traceback

NOBODY = 65534
_NEW_MOUNTS, _NEW_USERS = 0x20000, 0x10000000  # unshare(2)


def as_root(test):
    """Have a test, or each of a class, fail where it would prove nothing."""
    if isinstance(test, type):
        test.setUp = as_root(test.setUp)
        return test

    @functools.wraps(test)
    def run(self):
        if os.geteuid() != 0:
            self.fail('only root looks after the folders of others: be root')
        test(self)

    return run


class Apart:
    """Of a test that has a folder ``root``, which is its own."""

    def where_it_mounts(self, act):
        """Act where anybody may mount, and where nobody else sees it."""
        self._apart(_be_root_of_ones_own, act)

    def where_it_mounts_disks(self, act):
        """Act as root, where there is one who may mount more than tmpfs."""
        is_root = os.geteuid() == 0
        self._apart(leave if is_root else _be_root_of_ones_own, act)

    def as_another(self, act):
        """Act as somebody to whom permissions apply: never as root."""
        self.root.chmod(0o755)
        self._apart(_be_nobody, act)

    def _apart(self, become, act):
        log = self.root / 'wrong'
        log.touch()
        log.chmod(0o666)
        child = os.fork()
        if child == 0:
            try:
                become()
                act()
            except BaseException:
                log.write_text(traceback.format_exc())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        wrong = log.read_text()
        log.unlink()
        self.assertFalse(wrong, wrong)


def leave():
    """See, from now on, mounts that nobody else sees."""
    _unshare(_NEW_MOUNTS)
    command = ['mount', '--make-rprivate', '/']
    subprocess.run(command, check=True)  # noqa: S603


def _unshare(what):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(what):
        number = ctypes.get_errno()
        raise OSError(number, f'unshare: {os.strerror(number)}')


def _be_root_of_ones_own():
    user, group = os.geteuid(), os.getegid()
    _unshare(_NEW_MOUNTS | _NEW_USERS)
    for name, text in (
        ('setgroups', 'deny'),
        ('uid_map', f'0 {user} 1'),
        ('gid_map', f'0 {group} 1'),
    ):
        with open(f'/proc/self/{name}', 'w') as file:
            file.write(text)


def _be_nobody():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
