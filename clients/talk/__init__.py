"""The conversation of this agency with others: what came, what goes out, what was released."""
