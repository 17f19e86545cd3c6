"""A witness on an agency's premises: it cosigns the log's checkpoints as long as each grows from the one before."""
