"""The application on a real Postgres (with pgvector) and a real Redis.

Needs NEUROCORE_TEST_DATABASE_URL (postgresql://superuser:password@host:port/postgres) and NEUROCORE_TEST_REDIS_URL
(redis://:password@host:port). A database of its own is created there and dropped at the end; the Redis is flushed.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import files
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, func, select, text

from neurocore_app import chapters, db, health, leases, logs, metrics, pdf, queue, redis_client, sweeper, tasks
from neurocore_app.api.app import create_app
from neurocore_app.migrate import MigrationError, migrate
from neurocore_app.models import Base, Chunk, DeletedFile, Document
from neurocore_app.settings import Settings, settings

DATABASE_URL = os.environ.get("NEUROCORE_TEST_DATABASE_URL", "")
REDIS_URL = os.environ.get("NEUROCORE_TEST_REDIS_URL", "")

pytestmark = pytest.mark.skipif(
    not (DATABASE_URL and REDIS_URL), reason="needs NEUROCORE_TEST_DATABASE_URL and NEUROCORE_TEST_REDIS_URL"
)

APP_PASSWORD = "only-for-tests"


def forget() -> None:
    """Drop what the process remembers of its settings."""
    if db.engine.cache_info().currsize:
        db.engine().dispose()
    for cached in (settings, db.engine, redis_client.client, queue.celery):
        cached.cache_clear()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A new database with its roles, and the settings that lead to it."""
    server, broker = urlsplit(DATABASE_URL), urlsplit(REDIS_URL)
    name = f"neurocore_test_{secrets.token_hex(4)}"
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "database_password").write_text(APP_PASSWORD)
    (folder / "redis_password").write_text(broker.password or "")
    (folder / "jwt_secret").write_text(secrets.token_hex(32))
    owner = f"{name}_owner"
    with psycopg.connect(DATABASE_URL, autocommit=True) as admin:
        existing = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = 'neurocore_app'").fetchone()
        admin.execute(f"{'ALTER' if existing else 'CREATE'} ROLE neurocore_app LOGIN PASSWORD '{APP_PASSWORD}'")
        admin.execute(f"CREATE ROLE {owner} LOGIN PASSWORD '{APP_PASSWORD}'")
        admin.execute(f"CREATE DATABASE {name} OWNER {owner}")
    with psycopg.connect(DATABASE_URL, dbname=name, autocommit=True) as admin:
        admin.execute("CREATE EXTENSION vector")
    yield {
        "NEUROCORE_DATABASE_HOST": server.hostname or "",
        "NEUROCORE_DATABASE_PORT": str(server.port or 5432),
        "NEUROCORE_DATABASE_NAME": name,
        "NEUROCORE_REDIS_HOST": broker.hostname or "",
        "NEUROCORE_REDIS_PORT": str(broker.port or 6379),
        "NEUROCORE_SECRETS_DIR": str(folder),
        "NEUROCORE_MAX_UPLOAD_MB": "1",
        "NEUROCORE_MAX_PAGES": "5",
        "OWNER": owner,
    }
    forget()
    with psycopg.connect(DATABASE_URL, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.execute(f"DROP ROLE {owner}")


@pytest.fixture(autouse=True)
def configured(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of this test, an empty Redis, and a schema."""
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("NEUROCORE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NEUROCORE_RUN_DIR", str(tmp_path / "run"))
    forget()
    migrate(owner_settings(environment), lambda _line: None)
    redis_client.client().flushall()
    with db.transaction() as session:
        session.execute(text("DELETE FROM deleted_files"))
    yield settings()
    forget()


def owner_settings(environment: dict[str, str]) -> Settings:
    return Settings(database_user=environment["OWNER"])


@pytest.fixture
def api(configured: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(configured), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def alice(api: TestClient) -> Iterator[TestClient]:
    """The API with somebody logged in, who leaves at the end."""
    account = {"email": f"alice-{secrets.token_hex(6)}@example.org", "password": "correct horse battery"}
    assert api.post("/api/auth/register", json=account).status_code == 201
    api.headers["Authorization"] = "Bearer " + api.post("/api/auth/login", json=account).json()["access_token"]
    yield api
    assert api.delete("/api/auth/me").status_code in (204, 503)


def upload(api: TestClient, content: bytes, name: str = "book.pdf") -> Any:
    return api.post("/api/documents", files={"file": (name, content, "application/pdf")})


def a_pdf(*more: str) -> bytes:
    """A PDF unlike any other test's."""
    return pdf.write([f"Document {uuid.uuid4().hex} begins here. {files.TEXT}", *more])


def read(document_id: str) -> None:
    tasks.process(uuid.UUID(document_id))


def set_column(document_id: str, assignment: str) -> None:
    statement = text(f"UPDATE documents SET {assignment} WHERE id = :id")  # noqa: S608 - of this file's own
    with db.transaction() as session:
        session.execute(statement, {"id": document_id})


# --- migrations ------------------------------------------------------------------------------------------------------


def test_a_second_migration_does_nothing(environment: dict[str, str]) -> None:
    said: list[str] = []
    migrate(owner_settings(environment), said.append)
    assert "nothing to do" in said[0]


def test_the_models_say_what_the_migrations_made(environment: dict[str, str]) -> None:
    engine = create_engine(db.url(owner_settings(environment)))
    ours = set(Base.metadata.tables)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": False,
                "include_name": lambda name, kind, _parents: kind != "table" or name in ours,
            },
        )
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_two_migrators_at_once_both_succeed(environment: dict[str, str]) -> None:
    owner = owner_settings(environment)
    with psycopg.connect(DATABASE_URL, dbname=environment["NEUROCORE_DATABASE_NAME"], autocommit=True) as admin:
        admin.execute(f"DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION {environment['OWNER']}")
        admin.execute("CREATE EXTENSION vector")
    said: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(migrate, owner, said.append) for _ in range(2)]:
            done.result()
    assert sorted(line.endswith("nothing to do") for line in said) == [False, True]


@pytest.fixture
def newer_schema(environment: dict[str, str]) -> Iterator[Callable[[str], None]]:
    """Pretend that a later release has migrated."""

    def pretend(oldest_compatible: str) -> None:
        admin.execute("UPDATE alembic_version SET version_num = '9999'")
        admin.execute("INSERT INTO schema_compatibility VALUES ('9999', %s)", (oldest_compatible,))

    with psycopg.connect(DATABASE_URL, dbname=environment["NEUROCORE_DATABASE_NAME"], autocommit=True) as admin:
        yield pretend
        admin.execute("UPDATE alembic_version SET version_num = '0001'")
        admin.execute("DELETE FROM schema_compatibility WHERE revision = '9999'")


def test_an_older_release_serves_on_a_newer_compatible_schema(
    environment: dict[str, str], newer_schema: Callable[[str], None], api: TestClient
) -> None:
    newer_schema("0001")
    said: list[str] = []
    migrate(owner_settings(environment), said.append)
    assert "9999 (this release knows 0001, which works there): nothing to do" in said[0]
    assert api.get("/health/ready").status_code == 200


def test_an_older_release_refuses_a_newer_incompatible_schema(
    environment: dict[str, str], newer_schema: Callable[[str], None], api: TestClient
) -> None:
    newer_schema("9000")
    with pytest.raises(MigrationError, match="works with releases of revision 9000 and later"):
        migrate(owner_settings(environment), lambda _line: None)
    answer = api.get("/health/ready")
    assert answer.status_code == 503
    assert "run a newer release" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE chapters",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE users ADD COLUMN admin boolean",
        "UPDATE schema_compatibility SET oldest_compatible = '9999'",
        "UPDATE alembic_version SET version_num = '9999'",
    ],
)
def test_the_application_changes_rows_only(statement: str) -> None:
    with pytest.raises(Exception, match="must be owner|permission denied"), db.transaction() as session:
        session.execute(text(statement))


# --- health ----------------------------------------------------------------------------------------------------------


def test_an_instance_starts_and_is_ready(api: TestClient) -> None:
    assert api.get("/health/live").json() == {"status": "live"}
    assert api.get("/health/started").json() == {"status": "started"}
    assert api.get("/health/ready").json() == {"status": "ready"}


def test_a_draining_instance_is_not_ready_at_once_and_asks_to_close(api: TestClient, configured: Settings) -> None:
    assert api.get("/health/ready").status_code == 200
    configured.run_dir.mkdir(parents=True)
    (configured.run_dir / "draining").touch()
    answer = api.get("/health/ready")
    assert answer.status_code == 503
    assert "draining" in answer.json()["error"]["message"]
    live = api.get("/health/live")
    assert (live.status_code, live.headers["connection"]) == (200, "close")


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def test_without_a_database_everything_says_so_with_503(alice: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROCORE_DATABASE_HOST", "127.0.0.1")
    monkeypatch.setenv("NEUROCORE_DATABASE_PORT", closed_port())
    forget()
    with TestClient(create_app(settings()), raise_server_exceptions=False, headers=dict(alice.headers)) as api:
        for method, path in (("GET", "/api/auth/me"), ("GET", "/api/search?q=glioma"), ("DELETE", "/api/auth/me")):
            answer = api.request(method, path)
            assert answer.status_code == 503
            assert answer.json()["error"]["code"] == "database_unavailable"
        assert api.get("/health/live").status_code == 200
        assert api.get("/health/ready").status_code == 503
        assert "database" in api.get("/health/started").json()["error"]["message"]
        assert api.get("/metrics").status_code == 200


def test_connections_that_the_server_closed_are_replaced(alice: TestClient) -> None:
    assert alice.get("/health/ready").status_code == 200
    with psycopg.connect(DATABASE_URL, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'neurocore_app'")
    assert alice.get("/api/auth/me").status_code == 200
    time.sleep(health.READY_CACHE_S)  # the last verdict is no longer good
    assert alice.get("/health/ready").status_code == 200


# --- documents -------------------------------------------------------------------------------------------------------


def test_the_journey(alice: TestClient, configured: Settings) -> None:
    content = a_pdf("Nimodipine prevents delayed cerebral ischaemia after subarachnoid haemorrhage.")
    document = upload(alice, content).json()
    assert (document["state"], document["error"], document["mine"]) == ("queued", None, True)
    assert queue.waiting() == 1
    read(document["id"])
    document = alice.get(f"/api/documents/{document['id']}").json()
    assert (document["state"], document["pages"], document["chunks"]) == ("ready", 2, 2)
    assert alice.get(f"/api/documents/{document['id']}/file").content == content

    found = alice.get("/api/search", params={"q": "what prevents vasospasm and delayed ischaemia"}).json()["results"]
    assert found[0]["document_id"] == document["id"]
    assert found[0]["page"] == 2
    assert "Nimodipine" in found[0]["snippet"]

    chapter = alice.post("/api/chapters", json={"topic": "nimodipine after subarachnoid haemorrhage"})
    assert chapter.status_code == 201
    assert 2 in {citation["page"] for citation in chapter.json()["citations"]}
    assert alice.get(f"/api/chapters/{chapter.json()['id']}").json() == chapter.json()
    assert alice.get("/api/chapters").json()["total"] == 1
    assert alice.post("/api/chapters", json={"topic": "zzxqv"}).json()["error"]["code"] == "nothing_found"

    assert alice.delete(f"/api/chapters/{chapter.json()['id']}").status_code == 204
    assert alice.delete(f"/api/documents/{document['id']}").status_code == 204
    assert alice.get("/api/search", params={"q": "nimodipine"}).json()["results"] == []
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Chunk)) == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (files.damaged(), "damaged"),
        (files.encrypted(), "encrypted"),
        (files.blank(), "empty"),
        (files.image_only(), "no_text"),
        (pdf.write(["page"] * 6), "too_many_pages"),
    ],
    ids=["damaged", "encrypted", "blank", "image only", "too many pages"],
)
def test_unreadable_documents_fail_with_their_reason(alice: TestClient, content: bytes, code: str) -> None:
    document_id = upload(alice, content).json()["id"]
    read(document_id)
    document = alice.get(f"/api/documents/{document_id}").json()
    assert (document["state"], document["error"]["code"]) == ("failed", code)
    assert document["error"]["message"].endswith((".", "retry."))
    assert upload(alice, content).json()["state"] == "failed"


def test_refused_uploads_leave_nothing(alice: TestClient, configured: Settings) -> None:
    too_large = upload(alice, b"%PDF-1.4" + b"x" * (1024 * 1024 + 1))
    assert (too_large.status_code, too_large.json()["error"]["code"]) == (413, "too_large")
    much_too_large = upload(alice, b"%PDF-1.4" + b"x" * (3 * 1024 * 1024))
    assert much_too_large.status_code == 413
    not_a_pdf = upload(alice, b"PK\x03\x04 a zip file")
    assert (not_a_pdf.status_code, not_a_pdf.json()["error"]["code"]) == (415, "not_a_pdf")
    assert alice.post("/api/documents", json={}).json()["error"]["code"] == "bad_form"
    long_topic = alice.post("/api/chapters", json={"topic": "x" * 100_000})
    assert long_topic.status_code == 413
    assert list((configured.data_dir / "pdfs").rglob("*.*")) == [configured.data_dir / "pdfs" / ".tmp"]
    assert list((configured.data_dir / "pdfs" / ".tmp").iterdir()) == []


def test_the_same_content_uploaded_at_once_is_one_document(alice: TestClient, configured: Settings) -> None:
    content = a_pdf()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: upload(alice, content), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(list((configured.data_dir / "pdfs").rglob("*.pdf"))) == 1


def test_without_redis_an_upload_is_accepted_and_announced_later(
    alice: TestClient, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    port = environment["NEUROCORE_REDIS_PORT"]
    monkeypatch.setenv("NEUROCORE_REDIS_PORT", closed_port())
    forget()
    answer = upload(alice, a_pdf())
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert sweeper.sweep() == []
    monkeypatch.setenv("NEUROCORE_REDIS_PORT", port)
    forget()
    set_column(answer.json()["id"], "enqueued_at = now() - interval '1 hour'")
    assert [str(document_id) for document_id in sweeper.sweep()] == [answer.json()["id"]]
    assert queue.waiting() == 1


def test_only_who_uploaded_a_document_deletes_it(api: TestClient, alice: TestClient) -> None:
    document_id = upload(alice, a_pdf()).json()["id"]
    token = alice.headers["Authorization"]
    account = {"email": f"bob-{secrets.token_hex(6)}@example.org", "password": "correct horse battery"}
    api.post("/api/auth/register", json=account)
    api.headers["Authorization"] = "Bearer " + api.post("/api/auth/login", json=account).json()["access_token"]
    assert api.delete(f"/api/documents/{document_id}").json()["error"]["code"] == "not_yours"
    assert api.get(f"/api/documents/{document_id}").json()["mine"] is False
    assert api.delete("/api/auth/me").status_code == 204
    assert api.get("/api/auth/me").status_code == 401
    api.headers["Authorization"] = token


# --- the queue -------------------------------------------------------------------------------------------------------


def chunks_of(document_id: str) -> list[int]:
    with db.transaction() as session:
        found = select(Chunk.ordinal).where(Chunk.document_id == uuid.UUID(document_id)).order_by(Chunk.ordinal)
        return list(session.scalars(found))


def test_a_document_that_is_announced_often_is_read_once(alice: TestClient) -> None:
    document_id = upload(alice, a_pdf("Second page.", "Third page.")).json()["id"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: read(document_id), range(4)))
    assert chunks_of(document_id) == [0, 1, 2]
    with db.transaction() as session:
        assert session.get_one(Document, uuid.UUID(document_id)).attempts == 1


def test_a_reader_that_lost_its_lease_stores_nothing(alice: TestClient) -> None:
    document_id = uuid.UUID(upload(alice, a_pdf()).json()["id"])
    slow = leases.claim(document_id, "slow")
    assert slow is not None
    assert leases.claim(document_id, "too early") is None
    set_column(str(document_id), "lease_expires_at = now() - interval '1 second'")
    read(str(document_id))
    for write in (
        lambda: leases.finish(slow, [], pages=1, model="x"),
        lambda: leases.fail(slow, code="damaged", message="x"),
        lambda: leases.give_back(slow),
    ):
        with pytest.raises(leases.LeaseLostError):
            write()
    document = alice.get(f"/api/documents/{document_id}").json()
    assert (document["state"], document["chunks"]) == ("ready", 1)


def test_a_lease_is_renewed_while_work_goes_on(alice: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_EVERY_S", 0.05)
    document_id = uuid.UUID(upload(alice, a_pdf()).json()["id"])
    lease = leases.claim(document_id, "worker")
    assert lease is not None
    with leases.renewed(lease):
        set_column(str(document_id), "lease_expires_at = now() - interval '1 second'")
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            with db.transaction() as session:
                if session.scalar(select(Document.lease_expires_at > func.now()).where(Document.id == document_id)):
                    break
        else:
            pytest.fail("the lease was not renewed")
        lease.check()
        set_column(str(document_id), "attempts = attempts + 1")
        assert lease.lost.wait(5)
        with pytest.raises(leases.LeaseLostError):
            lease.check()


def test_a_dead_workers_document_is_taken_up_again_until_its_attempts_are_used_up(alice: TestClient) -> None:
    content = a_pdf()
    document_id = upload(alice, content).json()["id"]
    for attempt in range(1, leases.MAX_ATTEMPTS + 1):
        lease = leases.claim(uuid.UUID(document_id), "dies")
        assert lease is not None
        assert lease.attempt == attempt
        assert sweeper.sweep() == []
        set_column(document_id, "lease_expires_at = now() - interval '1 second'")
        again = [str(found) for found in sweeper.sweep()]
        assert again == ([document_id] if attempt < leases.MAX_ATTEMPTS else [])
    document = alice.get(f"/api/documents/{document_id}").json()
    assert (document["state"], document["error"]["code"]) == ("failed", "internal")
    # It was no fault of the file's: uploading it again is the way to try again.
    again = upload(alice, content)
    assert (again.status_code, again.json()["state"], again.json()["id"]) == (202, "queued", document_id)
    read(document_id)
    assert alice.get(f"/api/documents/{document_id}").json()["state"] == "ready"


def test_a_queue_that_was_emptied_is_filled_again(alice: TestClient) -> None:
    ids = {upload(alice, a_pdf()).json()["id"] for _ in range(3)}
    redis_client.client().flushall()
    assert sweeper.sweep() == []  # too early: the message may be in a worker's hands
    with db.transaction() as session:
        session.execute(text("UPDATE documents SET enqueued_at = now() - interval '1 minute'"))
    assert {str(found) for found in sweeper.sweep()} == ids
    assert queue.waiting() == 3
    assert sweeper.sweep() == []  # as long as messages wait, nobody sends more


def test_only_one_sweeps_at_a_time(alice: TestClient) -> None:
    upload(alice, a_pdf())
    redis_client.client().flushall()
    with db.transaction() as session:
        session.execute(text("UPDATE documents SET enqueued_at = now() - interval '1 minute'"))
    with db.transaction() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": sweeper.SWEEP_LOCK})
        assert sweeper.sweep() == []
    assert len(sweeper.sweep()) == 1


def test_a_missing_file_is_our_fault_and_is_tried_again(alice: TestClient, configured: Settings) -> None:
    document = upload(alice, a_pdf()).json()
    path = next((configured.data_dir / "pdfs").rglob("*.pdf"))
    content = path.read_bytes()
    path.unlink()
    read(document["id"])
    assert alice.get(f"/api/documents/{document['id']}").json()["state"] == "queued"
    assert alice.get(f"/api/documents/{document['id']}/file").json()["error"]["code"] == "file_missing"
    path.write_bytes(content)
    read(document["id"])
    assert alice.get(f"/api/documents/{document['id']}").json()["state"] == "ready"


def test_a_document_deleted_while_it_is_read_stays_deleted(alice: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    document_id = upload(alice, a_pdf()).json()["id"]
    finish = leases.finish

    def delete_first(*arguments: Any, **more: Any) -> None:
        assert alice.delete(f"/api/documents/{document_id}").status_code == 204
        finish(*arguments, **more)

    monkeypatch.setattr(leases, "finish", delete_first)
    read(document_id)
    assert alice.get(f"/api/documents/{document_id}").status_code == 404
    assert chunks_of(document_id) == []


# --- deleted files ---------------------------------------------------------------------------------------------------


def make_due() -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE deleted_files SET collect_after = now() - interval '1 second'"))


def test_a_deleted_documents_file_is_collected_when_its_time_has_come(alice: TestClient, configured: Settings) -> None:
    document = upload(alice, a_pdf()).json()
    path = next((configured.data_dir / "pdfs").rglob("*.pdf"))
    assert alice.delete(f"/api/documents/{document['id']}").status_code == 204
    with db.transaction() as session:
        left = session.scalar(select(DeletedFile.collect_after - func.now()))
    assert left is not None
    assert 6.9 < left.total_seconds() / 86400 <= 7
    assert sweeper.collect_files() == 0
    assert path.exists()
    make_due()
    assert sweeper.collect_files() == 1
    assert not path.exists()


def test_a_file_that_came_back_is_not_collected(alice: TestClient, configured: Settings) -> None:
    content = a_pdf()
    document = upload(alice, content).json()
    path = next((configured.data_dir / "pdfs").rglob("*.pdf"))
    alice.delete(f"/api/documents/{document['id']}")
    make_due()
    # The collector has seen the file as due and waits for the lock that the upload holds.
    with db.transaction() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:s, 0))"), {"s": document["sha256"]})
        collector = threading.Thread(target=sweeper.collect_files)
        collector.start()
        with psycopg.connect(DATABASE_URL, autocommit=True) as admin:
            deadline = time.monotonic() + 5
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory' AND usename = 'neurocore_app'"
            while admin.execute(waiting).fetchone() is None:
                assert time.monotonic() < deadline
        session.execute(text("DELETE FROM deleted_files"))
    collector.join(10)
    assert path.exists()
    assert upload(alice, content).status_code == 202


# --- accounts --------------------------------------------------------------------------------------------------------


def test_accounts_are_unique_and_passwords_long(api: TestClient) -> None:
    account = {"email": f"Carol-{secrets.token_hex(4)}@Example.org", "password": "correct horse battery"}
    made = api.post("/api/auth/register", json=account)
    assert made.json()["email"] == account["email"].lower()
    again = api.post("/api/auth/register", json={**account, "email": account["email"].upper()})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "email_taken")
    short = api.post("/api/auth/register", json={"email": "dave@example.org", "password": "short"})
    assert short.status_code == 422
    assert short.json()["error"]["code"] == "invalid_request"
    assert "short" not in short.text.replace("shorter", "").replace("too_short", "")


def test_guessing_passwords_is_slowed_down_and_only_for_the_guesser(api: TestClient) -> None:
    account = {"email": f"eve-{secrets.token_hex(4)}@example.org", "password": "correct horse battery"}
    api.post("/api/auth/register", json=account)
    wrong = {**account, "password": "wrong horse battery"}
    attacker, owner = {"X-Forwarded-For": "10.0.0.1, 203.0.113.9"}, {"X-Forwarded-For": "203.0.113.10"}
    codes = [api.post("/api/auth/login", json=wrong, headers=attacker).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    throttled = api.post("/api/auth/login", json=account, headers=attacker)
    assert throttled.json()["error"]["code"] == "too_many_attempts"
    assert 0 < int(throttled.headers["retry-after"]) <= 900
    assert api.post("/api/auth/login", json=account, headers=owner).status_code == 200


def test_without_redis_people_log_in(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    account = {"email": f"frank-{secrets.token_hex(4)}@example.org", "password": "correct horse battery"}
    api.post("/api/auth/register", json=account)
    monkeypatch.setenv("NEUROCORE_REDIS_PORT", closed_port())
    forget()
    assert api.post("/api/auth/login", json=account).status_code == 200
    assert api.post("/api/auth/login", json={**account, "password": "wrong horse"}).status_code == 401


def test_registration_can_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROCORE_REGISTRATION", "closed")
    forget()
    with TestClient(create_app(settings())) as api:
        answer = api.post("/api/auth/register", json={"email": "a@example.org", "password": "correct horse battery"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "registration_closed")
        assert api.get("/api/status").json()["registration"] == "closed"


@pytest.mark.parametrize("path", ["/api/documents", "/api/search?q=glioma", "/api/chapters", "/api/auth/me"])
@pytest.mark.parametrize("token", [None, "Bearer rubbish", "Basic YTpi"])
def test_nothing_is_shown_to_strangers(api: TestClient, path: str, token: str | None) -> None:
    answer = api.get(path, headers={"Authorization": token} if token else {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")


# --- what is written down --------------------------------------------------------------------------------------------


def test_no_text_of_documents_or_queries_is_logged_or_counted(
    alice: TestClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure("debug", service="test")
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the tests' own client writes whole addresses
    canary = "canary" + secrets.token_hex(6)
    document = upload(alice, a_pdf(f"The {canary} sings in the haematoma."), f"{canary}.pdf").json()
    read(document["id"])
    assert alice.get("/api/search", params={"q": canary}).json()["results"]
    assert alice.post("/api/chapters", json={"topic": f"the {canary} in haematoma"}).status_code == 201
    alice.get(f"/api/{canary}")
    alice.post("/api/chapters", json={"topic": canary, "more": canary}, headers={"X-Request-ID": f"{canary} !"})
    alice.get("/api/search", params={"q": canary * 200})

    def fail(*_: Any) -> None:
        raise ValueError(canary)

    monkeypatch.setattr(chapters, "write", fail)
    answer = alice.post("/api/chapters", json={"topic": canary})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert canary not in answer.text
    numbers = alice.get("/metrics").text
    written = capsys.readouterr().out
    assert 'msg="document ready"' in written
    assert "error=ValueError" in written
    assert f"request_id={answer.headers['x-request-id']}" in written
    assert canary not in written
    assert canary not in numbers


def test_requests_are_counted_by_template(alice: TestClient) -> None:
    wanted = ("GET", "/api/documents/{document_id}", "404")
    before = metrics.http_requests.labels(*wanted)._value.get()
    missing = uuid.uuid4()
    answer = alice.get(f"/api/documents/{missing}", headers={"X-Request-ID": "my-request.1"})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "my-request.1"
    assert metrics.http_requests.labels(*wanted)._value.get() == before + 1
    alice.get("/nowhere/at/all")
    numbers = alice.get("/metrics").text
    assert str(missing) not in numbers
    assert 'route="unmatched",status="404"' in numbers
    assert 'documents{state="ready"}' in numbers


def test_the_documentation_needs_no_other_network(api: TestClient) -> None:
    page = api.get("/api/docs").text
    assert "http://" not in page
    assert "https://" not in page
    assert api.get("/api/docs/files/swagger-ui-bundle.js").status_code == 200
    paths = api.get("/api/openapi.json").json()["paths"]
    assert "/api/documents/{document_id}/file" in paths
