"""Lists as officers send them: read, mapped to fields, reported by line, column, cause and fix."""
