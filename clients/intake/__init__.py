"""Lists and single events on their way into the log, from the upload to the receipt (docs/adr/0069)."""
