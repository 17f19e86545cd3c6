"""Everything that touches plaintext or an agency's key; runs on the agency's own premises."""
