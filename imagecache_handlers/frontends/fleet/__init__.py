"""Fleet: what is cached where, told to schedulers and to people."""
