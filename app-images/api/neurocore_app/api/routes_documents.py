"""Upload, list, read and delete documents."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool

from neurocore_app import db, documents, metrics, queue
from neurocore_app.api import errors
from neurocore_app.api.dependencies import Config, CurrentUser, Files
from neurocore_app.api.multipart import MultipartError, receive_file
from neurocore_app.api.schemas import DocumentList, DocumentOut
from neurocore_app.models import Document
from neurocore_app.storage import Incoming, NotAPdfError, Storage, TooLargeError

router = APIRouter(prefix="/api/documents", tags=["documents"])

FIELD = "file"
# What a form may add to its file: boundary, headers, other fields.
FORM_OVERHEAD = 64 * 1024

_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {FIELD: {"type": "string", "format": "binary", "description": "A PDF"}},
                }
            }
        },
    }
}


@router.post("", status_code=202, openapi_extra=_FORM, responses={200: {"model": DocumentOut}})
async def upload(
    request: Request, response: Response, user_id: CurrentUser, config: Config, files: Files
) -> DocumentOut:
    """Take in a PDF; it is read soon after (state `queued`). The same content again gives the document that is there, with 200.

    413 `too_large`, 415 `not_a_pdf`, 400 `bad_form`.
    """
    too_large = errors.ApiError(413, "too_large", f"The file is larger than {config.max_upload_mb} MiB.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > config.max_upload_bytes + FORM_OVERHEAD:
        metrics.documents_uploaded.labels("refused").inc()
        raise too_large
    arrived = await run_in_threadpool(files.incoming, config.max_upload_bytes)
    try:
        filename = await receive_file(request, FIELD, arrived.write)
        await run_in_threadpool(arrived.finish)
        document, new = await run_in_threadpool(_add, files, arrived, filename, user_id)
    except TooLargeError as error:
        metrics.documents_uploaded.labels("refused").inc()
        raise too_large from error
    except NotAPdfError as error:
        metrics.documents_uploaded.labels("refused").inc()
        raise errors.ApiError(415, "not_a_pdf", "The file is not a PDF.") from error
    except MultipartError as error:
        raise errors.ApiError(400, "bad_form", f"{error}.") from error
    except IntegrityError as error:
        raise errors.unauthenticated("The account of this token does not exist any more.") from error
    finally:
        await run_in_threadpool(arrived.discard)
    metrics.documents_uploaded.labels("new" if new else "known").inc()
    if new and not await run_in_threadpool(queue.enqueue, document.id):
        metrics.enqueue_failures.inc()
    if not new:
        response.status_code = 200
    return DocumentOut.of(document, user_id)


def _add(files: Storage, arrived: Incoming, filename: str, user_id: uuid.UUID) -> tuple[Document, bool]:
    with db.transaction() as session:
        return documents.add(session, files, arrived, filename=filename, uploaded_by=user_id)


@router.get("")
def list_documents(
    user_id: CurrentUser,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> DocumentList:
    """Everybody's documents, the newest first."""
    with db.transaction() as session:
        items, total = documents.page(session, limit=limit, offset=offset)
    return DocumentList(items=[DocumentOut.of(item, user_id) for item in items], total=total)


@router.get("/{document_id}")
def get_document(document_id: uuid.UUID, user_id: CurrentUser) -> DocumentOut:
    """One document."""
    return DocumentOut.of(_find(document_id), user_id)


@router.get("/{document_id}/file", response_class=FileResponse)
def get_file(document_id: uuid.UUID, _user_id: CurrentUser, files: Files) -> FileResponse:
    """The PDF itself, as it was uploaded."""
    document = _find(document_id)
    path = files.path(document.sha256)
    if not path.is_file():
        raise errors.ApiError(
            404, "file_missing", "The document is known but its file is missing: restore it from a backup."
        )
    return FileResponse(
        path,
        media_type="application/pdf",
        filename=document.filename,
        content_disposition_type="inline",
        headers={"Cache-Control": "private, max-age=3600", "ETag": f'"{document.sha256}"'},
    )


@router.delete("/{document_id}", status_code=204)
def delete_document(document_id: uuid.UUID, user_id: CurrentUser, config: Config) -> None:
    """Delete an own document. 403 `not_yours`."""
    with db.transaction() as session:
        document = session.get(Document, document_id)
        if document is None:
            raise errors.not_found("document")
        if document.uploaded_by != user_id:
            raise errors.ApiError(403, "not_yours", "Only who uploaded a document can delete it.")
        documents.remove(session, document, keep_file_days=config.keep_deleted_files_days)


def _find(document_id: uuid.UUID) -> Document:
    with db.transaction() as session:
        document = session.get(Document, document_id)
    if document is None:
        raise errors.not_found("document")
    return document
