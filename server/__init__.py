"""The consortium's ledger service: it keeps and proves what it cannot read."""
