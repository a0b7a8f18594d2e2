"""Checks of a SCIM server by playing an identity provider's connector against it: a client, whoever the server is."""
