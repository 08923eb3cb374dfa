"""Version: which release of the library this is."""

# Here, for to ask what is installed takes longer than a command may.
VERSION = '0.1.0'
