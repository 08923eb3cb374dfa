"""The simulated vCenter: its wire, its rules, its state."""
