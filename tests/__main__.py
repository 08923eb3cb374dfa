"""The suite: side by side what can be, then alone what measures time.

Arguments go to pytest, twice.  Each part says which tests took longest.
"""

import subprocess
import sys

# Three on two processors: one of them is mostly waiting.
SIDE_BY_SIDE = '--part=beside', '-n3', '--dist=loadgroup'
ALONE = ('--part=alone',)
SLOWEST = '--durations=20', '--durations-min=5'
NO_TESTS = 5


def main(arguments: list[str]) -> int:
    codes = [pytest(*SIDE_BY_SIDE, *arguments), pytest(*ALONE, *arguments)]
    # Where few were chosen, one of the parts may have none.
    if set(codes) == {NO_TESTS}:
        return NO_TESTS
    # That of one which a signal ended is negative.
    return next((code for code in codes if code not in (0, NO_TESTS)), 0)


def pytest(*arguments: str) -> int:
    command = [sys.executable, '-m', 'pytest', *SLOWEST, *arguments]
    return subprocess.run(command).returncode  # noqa: PLW1510, S603


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
