"""What can go wrong below the protocol. No message ever quotes a key, a plaintext or a passphrase."""


class CryptoError(Exception):
    """The root of every error that `crypto` raises."""


class EncodingError(CryptoError):
    """Text or bytes that are not the one spelling of a value, or have the wrong size."""


class KeyRefusedError(CryptoError):
    """A public key that must not be enrolled: wrong length, non-canonical, or not of prime order."""


class SignatureError(CryptoError):
    """A signature that does not verify under this key over these bytes."""


class OpenError(CryptoError):
    """A box or a portion that does not open with this key in this context."""


class KeystoreError(CryptoError):
    """A keystore that cannot be used: wrong passphrase, damaged, or readable by others."""


class PrimitiveError(CryptoError):
    """A primitive the suite needs is missing from this machine: refuse to start, never downgrade."""


class PasswordError(CryptoError):
    """A password that is not the one whose hash was kept, or a hash that is none."""


class OprfError(CryptoError):
    """An element, key or proof of the oblivious function that is not accepted."""
