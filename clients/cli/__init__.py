"""The command line: each command calls one function of the SDK and renders what it returns."""

from clients.cli.app import main

__all__ = ["main"]
