"""What a Redis keeps, by how it is set up."""

from collections.abc import Iterator, Mapping
from typing import Final

from flask_bsr_scim.errors import ConfigurationError

SETTINGS: Final = ("appendonly", "appendfsync", "maxmemory-policy", "min-replicas-to-write")

_UNREADABLE = (
    "Redis does not let its settings be read (CONFIG GET). See that appendonly is yes, appendfsync is always, and "
    "maxmemory-policy is noeviction: what is lost otherwise are people's accounts and access."
)


def durability_warnings(settings: Mapping[str, str] | None, *, is_set: bool) -> Iterator[str]:
    """Yield what can be lost.

    :param settings: None when they cannot be read.
    :param is_set: whether another server may take over.
    """
    if settings is None:
        yield _UNREADABLE
        return
    if settings["appendonly"] != "yes":
        yield (
            "appendonly is no: when Redis ends, by a crash or a restart, all changes since its last snapshot are lost, "
            "or everything. Set appendonly yes and appendfsync always."
        )
    elif settings["appendfsync"] == "everysec":
        yield "appendfsync is everysec: a power cut takes back about the last second of acknowledged changes."
    elif settings["appendfsync"] != "always":
        yield (
            f"appendfsync is {settings['appendfsync']}: a power cut takes back all changes that the operating system "
            "has not written yet, often half a minute of them."
        )
    if _evicts(settings):
        yield (
            f"maxmemory-policy is {settings['maxmemory-policy']}: when the memory is full, Redis throws resources "
            "away. Set noeviction."
        )
    if is_set and "0" in settings["min-replicas-to-write"].split("/"):
        yield (
            "min-replicas-to-write is 0: a failover takes back all changes that had not reached the replica, and a "
            "master that was cut off goes on taking changes that will be lost. Set it to 1 or more."
        )


def check_eviction(settings: Mapping[str, str] | None) -> None:
    """Return when the server throws nothing away.

    Policies named `volatile-…` are as good as noeviction: only locks and the like have an end.

    :raises ConfigurationError: it does.
    """
    if settings is not None and _evicts(settings):
        raise ConfigurationError(
            f"the Redis throws resources away when its memory is full (maxmemory-policy is "
            f"{settings['maxmemory-policy']}): set maxmemory-policy to noeviction, or add ?eviction=allowed to the URI"
        )


def _evicts(settings: Mapping[str, str]) -> bool:
    return any(policy.startswith("allkeys") for policy in settings["maxmemory-policy"].split("/"))
