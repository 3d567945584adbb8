"""Passwords (Argon2id), bearer tokens (JWT) and the accounts they belong to."""

from __future__ import annotations

import re
import threading
import time
import uuid
from functools import lru_cache

import jwt
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from neurocore_app import documents
from neurocore_app.models import User

TOKEN_LIFETIME_S = 12 * 3600
ALGORITHM = "HS256"
SHORTEST_PASSWORD = 10
# Argon2 reads all of it: a bound keeps a request from buying a lot of work.
LONGEST_PASSWORD = 256
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")

# OWASP's Password Storage Cheat Sheet (2024): Argon2id with 19 MiB, t=2, p=1. With the library's 64 MiB a handful of
# logins at once would exceed the container's memory; for the same reason no more than two run at a time.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
_hashing = threading.BoundedSemaphore(2)


class InvalidTokenError(Exception):
    """The token is not ours, or too old."""


def hash_password(password: str) -> str:
    """The hash to store."""
    with _hashing:
        return _hasher.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password fits. Without a stored hash it takes the same time, so that nobody learns who has an account."""
    with _hashing:
        try:
            return _hasher.verify(stored or _nobody(), password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash(uuid.uuid4().hex)


def make_token(user_id: uuid.UUID, secret: str, *, now: float | None = None) -> str:
    """A token for TOKEN_LIFETIME_S seconds."""
    issued = int(time.time() if now is None else now)
    return jwt.encode({"sub": str(user_id), "iat": issued, "exp": issued + TOKEN_LIFETIME_S}, secret, ALGORITHM)


def read_token(token: str, secret: str) -> uuid.UUID:
    """Whose token it is; raises InvalidTokenError."""
    try:
        # A clock that runs ahead on the instance that issued it must not shut people out: iat isn't compared.
        claims = jwt.decode(
            token, secret, [ALGORITHM], options={"require": ["sub", "exp"], "verify_iat": False}, leeway=10
        )
        return uuid.UUID(claims["sub"])
    except (jwt.InvalidTokenError, ValueError) as error:
        raise InvalidTokenError from error


def normal_email(email: str) -> str | None:
    """The address as it is stored and compared; None when it isn't one."""
    email = email.strip().lower()
    return email if len(email) <= 254 and EMAIL.fullmatch(email) else None


def register(session: Session, *, email: str, name: str, password_hash: str) -> User:
    """Create an account; raises IntegrityError when the address has one."""
    user = User(email=email, name=name, password_hash=password_hash)
    session.add(user)
    session.flush()
    return user


def find_by_email(session: Session, email: str) -> User | None:
    """The account of an address."""
    return session.scalar(select(User).where(User.email == email))


def rehash_if_outdated(session: Session, user: User, password: str) -> None:
    """Store the hash anew when it was made with older parameters."""
    if _hasher.check_needs_rehash(user.password_hash):
        session.execute(update(User).where(User.id == user.id).values(password_hash=hash_password(password)))


def delete_account(session: Session, user_id: uuid.UUID, *, keep_file_days: float) -> None:
    """Delete a user with their documents and chapters; their files are collected after ``keep_file_days``."""
    session.scalar(select(User.id).where(User.id == user_id).with_for_update())
    documents.remove_all_of(session, user_id, keep_file_days=keep_file_days)
    session.execute(delete(User).where(User.id == user_id))
