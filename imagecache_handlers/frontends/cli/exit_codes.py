"""Exit codes: how a command ends, for whoever called it."""

# Something failed or fell short.
FAILED = 1
# It was asked or configured wrongly.
MISUSED = 2
# Of several things that were asked for none came about.
NONE = 3
# Ctrl-C or SIGTERM ended it before it had an answer.
INTERRUPTED = 130
