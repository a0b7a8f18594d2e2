"""The store in memory."""

from flask_bsr_scim.backends.memory.backend import MemoryBackend as MemoryBackend
