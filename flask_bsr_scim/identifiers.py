"""The ids that this service gives to resources (RFC 7643 §3.1)."""

import secrets
import time
import uuid


def new_id() -> str:
    """Return a new resource id: a UUID of version 7 (RFC 9562 §5.7), so that new ones lie together in an index."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))
