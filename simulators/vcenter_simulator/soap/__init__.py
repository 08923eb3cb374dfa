"""SOAP as vCenter speaks it: strict requests, typed replies, its WSDL."""
