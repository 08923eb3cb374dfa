"""Transport: connections to hypervisors, bounded in time and in bytes."""
