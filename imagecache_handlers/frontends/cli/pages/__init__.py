"""Pages: what a command shows to people."""
