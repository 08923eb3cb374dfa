"""Confirming: a question before a removal, if somebody sits there."""

import sys


def agreed(question: str, *, yes: bool) -> bool:
    """Ask on a terminal; without one, or with ``--yes``, it is agreed."""
    if yes or sys.stdin is None or not sys.stdin.isatty():
        return True
    sys.stderr.write(f'{question} [y/N] ')
    sys.stderr.flush()
    said = sys.stdin.readline()
    if not said.endswith('\n'):
        # The end of input leaves the cursor behind the question.
        sys.stderr.write('\n')
    return said.strip().lower() in ('y', 'yes')
