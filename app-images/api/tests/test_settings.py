"""Wrong settings are refused together, with their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurocore_app.settings import SettingsError, load


def test_everything_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROCORE_MAX_UPLOAD_MB", "plenty")
    monkeypatch.setenv("NEUROCORE_API_PROCESSES", "0")
    monkeypatch.setenv("NEUROCORE_REGISTRATION", "sometimes")
    with pytest.raises(SettingsError) as caught:
        load()
    message = str(caught.value)
    assert "NEUROCORE_MAX_UPLOAD_MB=plenty" in message
    assert "NEUROCORE_API_PROCESSES=0" in message
    assert "NEUROCORE_REGISTRATION=sometimes" in message
    assert "'open' or 'closed'" in message


def test_text_does_not_leave_the_house(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROCORE_AI_EXTERNAL", "true")
    with pytest.raises(SettingsError, match="sends nothing outside"):
        load()


def test_a_missing_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEUROCORE_DATABASE_HOST", raising=False)
    monkeypatch.delenv("NEUROCORE_REDIS_HOST", raising=False)
    with pytest.raises(SettingsError, match="NEUROCORE_DATABASE_HOST, NEUROCORE_REDIS_HOST"):
        load().require("database_host", "redis_host")


def test_secrets_are_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEUROCORE_SECRETS_DIR", str(tmp_path))
    config = load()
    with pytest.raises(SettingsError, match="jwt_secret cannot be read: No such file"):
        config.secret("jwt_secret")
    (tmp_path / "jwt_secret").write_text("\n")
    with pytest.raises(SettingsError, match="is empty"):
        config.secret("jwt_secret")
    (tmp_path / "jwt_secret").write_text("secret\n")
    assert config.secret("jwt_secret") == "secret"
    assert "secret\n" not in repr(config)
