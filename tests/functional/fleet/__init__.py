"""The board of the fleet in etcd and redis themselves, from Debian."""
