"""Nova API: who uses which image, as Nova tells over HTTP."""
