"""Tests of what is told to schedulers and fleets."""
