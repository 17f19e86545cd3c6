"""The base64 decoder and encoder in use (RFC 4648): pybase64 where it is installed, else Python's own.

The interpreter's decoder looks at one character at a time, which was a quarter of an audit; pybase64 takes 64 at once.
Both are asked with `validate=True`, both are held to the same strictness by `crypto.encoding`, and tests run both. An
outsider who verifies a bundle needs only the slower one.
"""

try:
    from pybase64 import b64decode, b64encode
except ImportError:
    from base64 import b64decode, b64encode  # type: ignore[assignment]  # the same for these arguments

__all__ = ["b64decode", "b64encode"]
