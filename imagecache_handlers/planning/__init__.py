"""Planning: which image goes, and why; pure, no clock."""
