"""Metrics: what Prometheus is told of a cache, and what is made of it."""
