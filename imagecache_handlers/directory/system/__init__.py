"""System: files, locks and mounts, as the kernel has them."""
