"""Which release may run on which schema."""

from __future__ import annotations

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from neurocore_app import schema
from neurocore_app.schema import DatabaseRevision


def test_the_known_revision_is_alembics_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [schema.known_revision()]
    for script in scripts.walk_revisions():
        assert script.revision.isdigit()
        assert script.path.endswith(".py")
        assert script.module.oldest_compatible <= script.revision


@pytest.mark.parametrize(
    ("database", "sentence"),
    [
        (DatabaseRevision("0003", "0003"), None),
        (DatabaseRevision("0005", "0003"), None),
        (DatabaseRevision("0005", "0001"), None),
        (DatabaseRevision("0005", "0004"), "works with releases of revision 0004 and later"),
        (DatabaseRevision("0005", None), "works with releases of revision 0005 and later"),
        (DatabaseRevision("0002", "0001"), "run `neurocore migrate`"),
        (None, "no schema yet"),
    ],
    ids=["same", "newer, marked", "newer, marked further", "newer, not for us", "newer, not marked", "older", "none"],
)
def test_a_release_knows_what_it_can_serve_on(database: DatabaseRevision | None, sentence: str | None) -> None:
    said = schema.incompatibility(database, "0003")
    assert said is None if sentence is None else said is not None and sentence in said
