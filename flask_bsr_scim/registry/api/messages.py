"""What the registry returns, as messages."""

from datetime import UTC, datetime

from protobuf.wkt import Timestamp

from flask_bsr_scim.registry import model, tokens
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.organization_pb import Organization
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.repository_pb import Repository, Visibility
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.scim_token_pb import SCIMToken
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.token_pb import Token
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.user_pb import User, UserType


def user_message(user: model.RegistryUser) -> User:
    """Return a user."""
    return User(
        id=user.id,
        create_time=_time(user.created),
        update_time=_time(user.modified),
        username=user.username,
        deactivated=not user.active,
        user_type=UserType.PERSONAL,
    )


def organization_message(organization: model.Organization) -> Organization:
    """Return an organization."""
    return Organization(
        id=organization.id,
        create_time=_time(organization.created),
        update_time=_time(organization.modified),
        name=organization.name,
    )


def repository_message(repository: model.Repository) -> Repository:
    """Return a repository."""
    owner_name, _, name = repository.full_name.partition("/")
    return Repository(
        id=repository.id,
        create_time=_time(repository.created),
        update_time=_time(repository.modified),
        name=name,
        organization_id=repository.organization_id,
        visibility=Visibility[repository.visibility.name],
        owner_name=owner_name,
    )


def token_message(token: tokens.Token) -> Token:
    """Return an API token."""
    return Token(id=token.id, create_time=_time(token.created), expire_time=_end(token), note=token.description or "")


def scim_token_message(token: tokens.Token) -> SCIMToken:
    """Return a SCIM token."""
    return SCIMToken(id=token.id, create_time=_time(token.created), expire_time=_end(token))


def _end(token: tokens.Token) -> Timestamp | None:
    return None if token.expires is None else _time(token.expires)


def _time(moment: str) -> Timestamp:
    return Timestamp.from_datetime(datetime.fromisoformat(moment).replace(tzinfo=UTC))
