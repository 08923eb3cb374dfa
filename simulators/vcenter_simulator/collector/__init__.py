"""Property collector: what clients read by, page by page, or as it changes."""
