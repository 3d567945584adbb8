"""What routes ask for: the settings, the storage, who is asking."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from neurocore_app import auth, db
from neurocore_app.api import errors
from neurocore_app.models import User
from neurocore_app.settings import Settings, settings
from neurocore_app.storage import Storage

_bearer = HTTPBearer(auto_error=False)


def storage() -> Storage:
    """Where uploaded files are."""
    return Storage(settings().data_dir / "pdfs")


def current_user(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> uuid.UUID:
    """Who is asking: their account exists and their token is valid; raises 401."""
    if credentials is None:
        raise errors.unauthenticated()
    try:
        user_id = auth.read_token(credentials.credentials, settings().secret("jwt_secret"))
    except auth.InvalidTokenError as error:
        raise errors.unauthenticated() from error
    with db.transaction() as session:
        if session.get(User, user_id) is None:
            raise errors.unauthenticated("The account of this token does not exist any more.")
    return user_id


def client_address(request: Request) -> str:
    """The client as the edge saw it: the last address in X-Forwarded-For is the one that the edge itself added."""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return forwarded or (request.client.host if request.client else "")


CurrentUser = Annotated[uuid.UUID, Depends(current_user)]
Files = Annotated[Storage, Depends(storage)]
Config = Annotated[Settings, Depends(settings)]
ClientAddress = Annotated[str, Depends(client_address)]
