"""``neurocore account add``: an account made by an operator, where people can't register themselves."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from neurocore_app import auth, db


class AccountError(Exception):
    """The account can't be made; the message says why."""


def add(email: str, name: str, password: str) -> None:
    """Create an account, by the rules of those who register themselves; raises AccountError if it breaks one."""
    address = auth.normal_email(email)
    if address is None:
        raise AccountError(f"{email!r} is not an e-mail address")
    if not auth.SHORTEST_PASSWORD <= len(password) <= auth.LONGEST_PASSWORD:
        raise AccountError(
            f"the password has {len(password)} characters; "
            f"{auth.SHORTEST_PASSWORD} to {auth.LONGEST_PASSWORD} are allowed"
        )
    try:
        with db.transaction() as session:
            auth.register(session, email=address, name=name, password_hash=auth.hash_password(password))
    except IntegrityError:
        raise AccountError(f"{address} has an account already") from None
