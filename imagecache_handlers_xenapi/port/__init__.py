"""Port: every call to XAPI goes through here."""
