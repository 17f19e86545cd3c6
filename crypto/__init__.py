"""Bytes in, bytes out: keys, signatures, sealing, key commitment. Knows no record, no JSON, no log."""
