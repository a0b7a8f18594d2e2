"""Storage backends of `flask_bsr_scim`: the contract, and the implementations that ship."""

if __name__ != "flask_bsr_scim.backends":
    raise ImportError("import flask_bsr_scim.backends: under another name each class would exist twice")

from flask_bsr_scim.backends.uri import open_backend as open_backend
