"""The accounts that the application had before SCIM came; `user_id` and `closed` are what was added for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What the tables of the application share."""


database = SQLAlchemy(model_class=Base)


class Account(UserMixin, database.Model):
    """Somebody who may sign in."""

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(String(254), index=True)
    user_id: Mapped[str | None] = mapped_column(unique=True)
    """The id of the user: the same in SCIM, in the registry and in what `sign_in` returns."""
    closed: Mapped[datetime | None]

    @classmethod
    def of(cls, user_id: str) -> Self | None:
        """Return the account of a user."""
        return database.session.scalar(select(cls).where(cls.user_id == user_id))

    @classmethod
    def unlinked(cls, email: str | None) -> Self | None:
        """Return the account from before with an address, which belongs to no user yet."""
        same = func.lower(cls.email) == (email or "").lower()
        return database.session.scalar(select(cls).where(same, cls.user_id.is_(None)))

    @classmethod
    def without_user(cls) -> Sequence[Self]:
        """Return the accounts that SCIM does not know."""
        return database.session.scalars(select(cls).where(cls.user_id.is_(None))).all()
