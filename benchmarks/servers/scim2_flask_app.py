"""scim2-flask with its store in memory, behind a check of the token `PEER_TOKEN`."""

import hmac
import os

from flask import Flask, abort, request
from scim2_flask import ScimServer
from scim2_server.memory import InMemoryStorage
from scim2_server.utils import load_default_provider

_AUTHORIZATION = f"Bearer {os.environ['PEER_TOKEN']}"

app = Flask("peer")
app.secret_key = os.urandom(32)


@app.before_request
def _check_token() -> None:
    if not hmac.compare_digest(request.headers.get("Authorization", ""), _AUTHORIZATION):
        abort(401)


ScimServer(InMemoryStorage(), load_default_provider(), app)
