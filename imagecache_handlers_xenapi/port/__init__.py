"""The port: every call to XAPI goes through here."""
