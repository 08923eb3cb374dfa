"""Machines: virtual machines, their devices, and the files they are of."""
