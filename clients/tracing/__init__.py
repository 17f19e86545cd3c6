"""Traces on the agency's side: gathered from the replica, told in a terminal, drawn as a picture."""
