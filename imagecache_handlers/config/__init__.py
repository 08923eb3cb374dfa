"""Configuration: options, Nova's too, read into rules."""
