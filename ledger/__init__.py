"""The protocol as frozen values and pure functions: records, statements, charter, tree, proofs, audit."""
