"""What a child does in a folder, with every system call in our hands.

It runs while strace counts its calls, kills it before the nth of a kind, or
has that one fail; before the next call is after the last.
"""

import collections
import ctypes
import os
import subprocess
import time

# Whatever takes a path or a descriptor: nothing else reaches a folder.
CALLS = '%file,%desc'
# How strace is waited for, and memory, which is got as it is needed.
OTHER_CALLS = 'getpgid', 'mmap'
# What getpgid() says once strace is there: no system call is missed.
TRACED = 424242
LONG = 60
# Let it be traced by others than its parents, where Yama forbids that.
SET_PTRACER = 0x59616D61, ctypes.c_ulong(-1)


class Traced:
    """Of a test that has a folder ``root`` for what strace writes."""

    def count(self, act):
        """Count the calls of each kind that ``act`` makes."""
        log = self.root / 'calls'
        trace = f'trace={CALLS},getpgid'
        code = self.run_traced(act, '-e', trace, '-o', str(log))
        self.assertEqual(0, code)
        lines = log.read_text().splitlines()
        calls = [line.partition('(')[0] for line in lines if '(' in line]
        return collections.Counter(
            call for call in calls if call not in OTHER_CALLS
        )

    def inject(self, act, call, nth, what):
        """Have that happen to one call of ``act``; give how it ended."""
        return self.run_traced(act, '-e', f'inject={call}:{what}:when={nth}')

    def run_traced(self, act, *options):
        child = os.fork()
        if child == 0:
            self._work(act)
        quiet = ['-qq', '-o', '/dev/null', '-e', 'signal=none']
        inject = ['-e', f'inject=getpgid:retval={TRACED}']
        command = ['strace', *quiet, *inject, *options, '-p', str(child)]
        strace = subprocess.Popen(command)  # noqa: S603 -- our own process
        _, status = os.waitpid(child, 0)
        strace.wait(LONG)
        return os.waitstatus_to_exitcode(status)

    def _work(self, act):
        """Be the child: wait for strace, act, and never come back."""
        code = 1
        try:
            ctypes.CDLL(None).prctl(*SET_PTRACER)
            late = time.monotonic() + LONG
            while os.getpgid(0) != TRACED and time.monotonic() < late:
                time.sleep(0.002)
            # Those that give a number tell by that how it ended.
            code = act() or 0
        finally:
            os._exit(code)
