"""`sealtrace-server fsck`: every stored byte hashed again, against the tree and against the table of names."""

from server.fsck.check import check_database, check_folder
from server.fsck.findings import Finding, Report

__all__ = ["Finding", "Report", "check_database", "check_folder"]
