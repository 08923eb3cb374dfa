"""Schema: the types, managed objects and methods of vSphere's interface."""
