"""Nova: the cache as a virt driver of its has it; imports no Nova module."""
