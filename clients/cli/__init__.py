"""The commands: each calls one function of the SDK and says what came of it."""
