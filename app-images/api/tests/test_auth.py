"""Passwords, tokens, addresses."""

from __future__ import annotations

import time
import uuid

import jwt
import pytest

from neurocore_app import auth

SECRET = "s" * 40
USER = uuid.uuid4()


def test_a_password_is_stored_as_argon2id_and_verified() -> None:
    stored = auth.hash_password("correct horse")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert auth.hash_password("correct horse") != stored
    assert auth.verify_password(stored, "correct horse")
    assert not auth.verify_password(stored, "wrong horse")
    assert not auth.verify_password("not a hash", "correct horse")


def test_an_unknown_account_takes_as_long_and_never_fits() -> None:
    assert not auth.verify_password(None, "anything")
    assert not auth.verify_password(None, "")


def test_a_token_says_whose_it_is() -> None:
    assert auth.read_token(auth.make_token(USER, SECRET), SECRET) == USER


@pytest.mark.parametrize(
    "token",
    [
        auth.make_token(USER, "t" * 40),
        auth.make_token(USER, SECRET, now=time.time() - auth.TOKEN_LIFETIME_S - 60),
        jwt.encode({"sub": str(USER), "exp": 2**31}, "", "none"),
        jwt.encode({"sub": "nobody", "exp": 2**31}, SECRET, "HS256"),
        jwt.encode({"sub": str(USER)}, SECRET, "HS256"),
        "rubbish",
    ],
    ids=["another secret", "too old", "not signed", "no user id", "without end", "rubbish"],
)
def test_other_tokens_are_refused(token: str) -> None:
    with pytest.raises(auth.InvalidTokenError):
        auth.read_token(token, SECRET)


def test_a_clock_that_is_behind_shuts_nobody_out() -> None:
    ahead = auth.make_token(USER, SECRET, now=time.time() + 3600)
    assert auth.read_token(ahead, SECRET) == USER


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("journey-1@journey.invalid", "journey-1@journey.invalid"),
        ("no address", None),
        ("a@b", None),
        ("a@b..c", None),
        ("a@@b.c", None),
        ("x" * 300 + "@example.org", None),
    ],
)
def test_addresses_have_one_form(given: str, stored: str | None) -> None:
    assert auth.normal_email(given) == stored
