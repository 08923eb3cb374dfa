"""Ours: the simulated vCenter, made as vcsim makes its own."""

USER, PASSWORD = 'user', 'pass'
DATACENTER, STORE = 'DC0', 'LocalDS_0'
