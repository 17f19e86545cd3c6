"""The conversation between two agencies: what messages say, what may follow what, what was released to whom."""
