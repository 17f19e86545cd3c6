"""The desk: the pages an agency's own officers work in, on its own premises, over the same functions as the commands."""
