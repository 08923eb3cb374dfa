"""Datastores: trees of files in memory, and what vCenter does to them."""
