"""Blind matching on the agency's side: tokens, slips, questions, notices (docs/protocol.md, 6)."""
