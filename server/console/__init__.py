"""The console: small pages for the operator and the auditors, without a script and without sealed content."""
