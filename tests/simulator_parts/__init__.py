"""The parts that every simulator is made of."""
