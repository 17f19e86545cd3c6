"""The record of use: who did what at the desk, in an append-only log that the agency's auditor verifies (docs/adr/0067)."""
