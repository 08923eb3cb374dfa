"""Html: one file for people who were not there, made of plans."""
