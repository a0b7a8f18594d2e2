"""What the page says whatever was measured."""

from benchmarks.load.services import (
    BARE,
    INSERT_FULL,
    INSERT_NORMAL,
    PEER,
    REDIS,
    RELAXED,
    SCIMMY,
    SELECT,
    SQLITE,
)

INTRODUCTION = """\
# Benchmarks

How fast the server is beside what Flask and SQLite can give at best, and beside two other SCIM servers: scim2-flask,
a Flask extension too, and scimmy-routers, for Express on Node. How costs grow with users and members is measured as
well. A script makes this page; [its end](#how-it-was-measured) says how. All figures are in
[benchmarks.json](benchmarks.json).

Only ratios mean something, and only within this page: what stands in one line was measured in the same rounds, on one
machine that the client shared with the servers.
""".splitlines()

NAMES = {
    SQLITE: "`bsr-scim serve` with the profile `rfc7643` on SQLite, which flushes every write to the disk",
    RELAXED: "the same with `synchronous=NORMAL`, which leaves flushing to the system",
    REDIS: "the same on a Redis that flushes every write: `appendonly yes`, `appendfsync always`",
    PEER: "the extension with its store in the memory of one process, which ends with it",
    SCIMMY: "the routers on Express 4, with its resources in maps in the memory of one process",
    BARE: "a Flask route that checks a token and returns a user of 700 bytes, always the same",
    SELECT: "the same, reading the user from SQLite by its key",
    INSERT_FULL: "the same, storing what was sent in a transaction of its own, which is flushed to the disk",
    INSERT_NORMAL: "the same without flushing",
}

WORKLOADS = {
    "a.seed_post": "POST of a user, while the store is filled",
    "b.get": "GET of a user by its id",
    "c.match_username": '`userName eq "…"`: Okta looks for a user before it creates one',
    "d.emails_complex": '`emails[type eq "work" and value eq "…"]`: Entra does so',
    "d.emails_value": '`emails.value eq "…"`',
    "d.external_id": '`externalId eq "…"`',
    "e.page_first": "the first page of 100 users",
    "e.page_in_groups": "the same when its users are in all groups that were made, which not every server shows",
    "e.page_deep": "a page of 100 at nine tenths of the list, asked for by its number alone",
    "f.put": "PUT of a user",
    "g.patch_active": "PATCH of `active`",
    "h.create_N": "POST of a group with N members, or all users but some",
    "h.add_one_N": "PATCH that adds one member to that group",
    "h.remove_one_N": "PATCH that removes one",
    "h.put_one_N": "PUT of that group with one member more or less",
    "i.get_full_N": "GET of that group",
    "i.get_nomembers_N": "GET of that group without its members",
    "j.modified_since": "the newest 50 users: `meta.lastModified gt …`, sorted",
    "k.full_import": "all users in pages of 100, again and again, a request being a page",
    "k.walk_…": "all users in pages of 100, once: its first tenth, around nine tenths, its last tenth",
    "l.bulk_1000": "POST of 1,000 users in one request to `/Bulk`",
    "l.post_beside": "POST of single users in the same rounds",
}

METHOD = """
## How it was measured

```console
$ make bench
```

in the folder of the project. It makes its own environments. `make bench ARGS="--million"` adds a store of a million
users, `ARGS="--quick"` is a trial, `ARGS="--parts growth --from docs/benchmarks.json"` measures one part anew, and
`ARGS="--from docs/benchmarks.json"` makes the page of the figures that are there. Without `node` and `npm`,
scimmy-routers is left out.

All Flask servers ran on granian with the same settings and two processes; scim2-flask with one, since its store lives
in one, as does that of scimmy-routers. The client holds one connection or four, with one request under way on each;
it makes its requests before the clock starts. In a round every server in turn gets 80 milliseconds, so that a slow
moment of the machine hits all of them. A ratio is the median of the ratios within the rounds: over one connection
those of the median times, over four those of the requests that were done. What takes longer than a fifth of a second
is asked for in three rounds. A workload counts only where the first answer is right and no request fails, and groups
must have the right members afterwards. Groups of the others have 1,000 members at most.

Stores that show growth were made by `bsr-scim import`, each user with its handle in the registry and the entries of
the change log, and stood beside one another while they were measured. Groups that are small beside the directory have
the users in its middle, so that users at its beginning and at its end are in the same groups. Redis had rewritten its
append-only file before. Each walk through a list had a new token, since the server remembers for a token where its
pages ended.

The bytes of a user in memory are what a process has for itself more, after the garbage was collected, when it has
stored them through the contract of the backends in commits of a thousand; the bytes of the user itself are those of
the JSON that a client gets.
""".splitlines()
