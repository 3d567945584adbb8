"""Register, log in, and the own account."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy.exc import IntegrityError

from neurocore_app import auth, db, metrics, throttle
from neurocore_app.api import errors
from neurocore_app.api.dependencies import ClientAddress, Config, CurrentUser
from neurocore_app.api.schemas import Account, Login, Registration, Token
from neurocore_app.models import User

router = APIRouter(prefix="/api/auth", tags=["accounts"])


@router.post("/register", status_code=201)
def register(asked: Registration, config: Config) -> Account:
    """Make an account. 403 `registration_closed`, 409 `email_taken`."""
    if config.registration == "closed":
        raise errors.ApiError(403, "registration_closed", "Accounts are made by the operators of this system.")
    email = auth.normal_email(asked.email)
    if email is None:
        raise errors.ApiError(422, "invalid_request", "email: not an e-mail address")
    password_hash = auth.hash_password(asked.password)
    try:
        with db.transaction() as session:
            user = auth.register(session, email=email, name=asked.name, password_hash=password_hash)
    except IntegrityError as error:
        raise errors.ApiError(409, "email_taken", "There is an account with this e-mail address.") from error
    metrics.registrations.inc()
    return Account.of(user)


@router.post("/login")
def login(asked: Login, config: Config, address: ClientAddress) -> Token:
    """Get a token. 401 `wrong_credentials`, 429 `too_many_attempts`."""
    email = auth.normal_email(asked.email) or ""
    wait = throttle.retry_after(email, address)
    if wait:
        metrics.logins.labels("throttled").inc()
        message = f"Too many wrong passwords. Try again in {max(1, wait // 60)} minutes."
        raise errors.ApiError(429, "too_many_attempts", message, {"Retry-After": str(wait)})
    with db.transaction() as session:
        user = auth.find_by_email(session, email)
    # Outside the transaction: hashing takes a while and needs no connection.
    if not auth.verify_password(user.password_hash if user else None, asked.password) or user is None:
        throttle.count_failure(email, address)
        metrics.logins.labels("wrong").inc()
        raise errors.ApiError(401, "wrong_credentials", "The e-mail address or the password is wrong.")
    with db.transaction() as session:
        auth.rehash_if_outdated(session, user, asked.password)
    metrics.logins.labels("ok").inc()
    token = auth.make_token(user.id, config.secret("jwt_secret"))
    return Token(access_token=token, expires_in=auth.TOKEN_LIFETIME_S)


@router.get("/me")
def me(user_id: CurrentUser) -> Account:
    """Who is logged in."""
    with db.transaction() as session:
        user = session.get(User, user_id)
        if user is None:
            raise errors.unauthenticated()
        return Account.of(user)


@router.delete("/me", status_code=204)
def delete_me(user_id: CurrentUser, config: Config) -> None:
    """Delete the account with its documents and chapters."""
    with db.transaction() as session:
        auth.delete_account(session, user_id, keep_file_days=config.keep_deleted_files_days)
