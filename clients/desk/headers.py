"""What every answer of the desk says to a browser: run only our files, frame nothing, keep nothing, tell nobody."""

from flask import Response

# Nothing inline: a script that somebody brings in with a field's text finds nothing that would run it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
    "Vary": "Cookie, HX-Request",
}
_YEAR = 31_536_000


def harden(response: Response, *, is_secure: bool) -> Response:
    """Return the response with the headers that all answers of the desk carry."""
    for name, value in ALWAYS.items():
        response.headers[name] = value
    if is_secure:
        response.headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
    return response
