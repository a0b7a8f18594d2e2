"""The store in Redis."""

from flask_bsr_scim.backends.redis.backend import RedisBackend as RedisBackend
