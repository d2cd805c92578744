"""The name of an alert: the same device, metric and rule always give the same fingerprint."""

from hashlib import sha256
from typing import Final

FINGERPRINT_DIGITS: Final = 16


def fingerprint(tenant: str, device: str, metric: str, rule: str) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of the four names.

    Each name is preceded by its length in bytes, so no two different alerts are joined to one text.

    >>> fingerprint("acme", "pump-7", "flow_lpm", "low-flow")
    '9ac34d4d1e3b87ae'
    """
    names = [name.encode() for name in (tenant, device, metric, rule)]
    joined = b"".join(b"%d:%b" % (len(name), name) for name in names)
    return sha256(joined).hexdigest()[:FINGERPRINT_DIGITS]
