"""The port: every call to vSphere goes through here."""
