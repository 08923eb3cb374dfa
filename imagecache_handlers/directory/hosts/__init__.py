"""Hosts: who else evicts from a store, and sees what."""
