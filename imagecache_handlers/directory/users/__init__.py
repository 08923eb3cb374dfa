"""Users: who has which file of a store, as the disks that lie around tell."""
