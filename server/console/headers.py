"""What every answer of the console says to a browser: run nothing, frame nothing, keep nothing, tell nobody."""

from flask import Response

# A page has one style sheet, one kind of form, and nothing else: no script, image, font, frame or connection.
_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_ALWAYS = {
    "Content-Security-Policy": _POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: under it browsers send `Origin: null` with a form (Fetch, 3.2), and every form would be refused.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_YEAR = 31_536_000


def harden(response: Response, *, is_secure: bool) -> Response:
    """Return the response with the headers that all answers of the console carry."""
    for name, value in _ALWAYS.items():
        response.headers[name] = value
    if is_secure:
        response.headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
    return response
