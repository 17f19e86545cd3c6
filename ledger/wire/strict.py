"""What the schemas of the wire are made of: fields that read one spelling, and a schema that takes no unknown member."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from crypto.encoding import b64, b64u, unb64, unb64u
from crypto.errors import EncodingError
from ledger import jsontext
from ledger.errors import LedgerError
from ledger.identifiers import agency_id


class Raw(fields.Field[bytes]):
    """Bytes as text: unpadded base64url, or the padded standard alphabet where the log's formats use it."""

    def __init__(self, *, size: int | None = None, url: bool = True, **options: Any) -> None:
        """Take the exact size in bytes, if there is one."""
        super().__init__(**options)
        self.size = size
        self.url = url

    def _serialize(self, value: bytes | None, attr: str | None, obj: object, **_options: object) -> str | None:
        del attr, obj
        if value is None:
            return None
        return b64u(value) if self.url else b64(value)

    def _deserialize(self, value: object, attr: str | None, data: object, **_options: object) -> bytes:
        del attr, data
        try:
            decode = unb64u if self.url else unb64
            return decode(value if isinstance(value, str) else "!", size=self.size)
        except EncodingError as error:
            raise ValidationError("not base64 of the right size") from error


def agency(text: str) -> None:
    """Raise ValidationError unless `text` is an agency id."""
    try:
        agency_id(text)
    except LedgerError as error:
        raise ValidationError("not an agency id") from error


def whole(*, low: int = 0, high: int = jsontext.MAX_INTEGER, **options: Any) -> fields.Integer:
    """Return the field of an integer from `low` to `high`, in no other type or spelling."""
    return fields.Integer(strict=True, validate=validate.Range(min=low, max=high), **options)


def text(*, most: int = 1_024, **options: Any) -> fields.String:
    """Return the field of a text of at most `most` characters."""
    return fields.String(validate=validate.Length(max=most), **options)


class Strict(Schema):
    """A schema that takes the members it names and no other."""

    class Meta:
        """Refuse what the shape does not name."""

        unknown = RAISE
