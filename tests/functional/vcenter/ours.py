"""Ours: the simulated vCenter, made as vcsim makes its own."""

from vcenter_simulator.sessions import User

USER, PASSWORD = 'user', 'pass'
DATACENTER, STORE = 'DC0', 'LocalDS_0'
