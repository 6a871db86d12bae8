"""What the portal holds about a person: everything handed over, everything erased, or outdated."""
