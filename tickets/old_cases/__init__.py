"""Bringing closed tickets of an old portal: read one by one, judged, taken over whole or not."""
