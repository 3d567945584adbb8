"""The first schema: users, documents, passages, chapters, and what a release may run on.

Written as SQL: what is read here is what runs.
"""

from alembic import op

revision = "0001"
down_revision = None
oldest_compatible = "0001"

TABLES = """
CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE documents (
    id uuid PRIMARY KEY,
    sha256 text NOT NULL UNIQUE,
    filename text NOT NULL,
    size_bytes bigint NOT NULL,
    state text NOT NULL DEFAULT 'queued',
    error_code text,
    error_message text,
    pages integer,
    chunk_count integer NOT NULL DEFAULT 0,
    embedding_model text,
    attempts integer NOT NULL DEFAULT 0,
    lease_owner text,
    lease_expires_at timestamptz,
    enqueued_at timestamptz NOT NULL DEFAULT now(),
    uploaded_by uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT documents_state CHECK (state IN ('queued', 'processing', 'ready', 'failed')),
    CONSTRAINT documents_lease CHECK ((state = 'processing') = (lease_owner IS NOT NULL))
);
CREATE INDEX documents_newest ON documents (created_at DESC, id);
CREATE INDEX documents_unfinished ON documents (state) WHERE state IN ('queued', 'processing');
CREATE INDEX documents_uploaded_by ON documents (uploaded_by);

CREATE TABLE chunks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id uuid NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    ordinal integer NOT NULL,
    page integer NOT NULL,
    text text NOT NULL,
    embedding vector(256) NOT NULL,
    words tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('english'::regconfig, text)) STORED,
    UNIQUE (document_id, ordinal)
);
CREATE INDEX chunks_embedding ON chunks USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64);
CREATE INDEX chunks_words ON chunks USING gin (words);

CREATE TABLE chapters (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    topic text NOT NULL,
    title text NOT NULL,
    sections jsonb NOT NULL,
    citations jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX chapters_newest ON chapters (user_id, created_at DESC);

CREATE TABLE deleted_files (
    sha256 text PRIMARY KEY,
    collect_after timestamptz NOT NULL
);
CREATE INDEX ix_deleted_files_collect_after ON deleted_files (collect_after);

CREATE TABLE schema_compatibility (
    revision text PRIMARY KEY,
    oldest_compatible text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
"""

# The application reads and writes rows and nothing else; what a release may run on is not its to change.
GRANTS = """
GRANT USAGE ON SCHEMA public TO neurocore_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO neurocore_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO neurocore_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO neurocore_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO neurocore_app;
REVOKE INSERT, UPDATE, DELETE ON alembic_version, schema_compatibility FROM neurocore_app;
"""


def upgrade() -> None:
    """Create everything and say what may run on it."""
    op.execute(TABLES)
    op.execute(GRANTS)
    op.execute(f"INSERT INTO schema_compatibility VALUES ('{revision}', '{oldest_compatible}')")  # noqa: S608
