"""Package-index settings that reach builds."""

from stacks.package_index import build_secrets


def test_nothing_to_say_is_no_secret(tmp_path, monkeypatch):
    monkeypatch.setattr("stacks.package_index.SYSTEM_PIP_CONF", tmp_path / "none")
    assert build_secrets({}, home=tmp_path) == {}


def test_files_and_variables_are_read_and_machine_paths_left_out(tmp_path):
    conf = tmp_path / ".config" / "pip" / "pip.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text("[global]\nindex-url = https://index.example/simple\ncert = /etc/here.pem\n")
    (tmp_path / ".npmrc").write_text("registry=https://npm.example/\n")
    secrets = build_secrets({"PIP_TIMEOUT": "60"}, home=tmp_path)
    assert "index-url = https://index.example/simple" in secrets["pip_conf"]
    assert "timeout = 60" in secrets["pip_conf"] and "cert" not in secrets["pip_conf"]
    assert secrets["npmrc"] == "registry=https://npm.example/\n"


def test_a_variable_wins_over_a_file(tmp_path):
    conf = tmp_path / "pip.conf"
    conf.write_text("[global]\nindex-url = https://file.example/\n")
    secrets = build_secrets({"PIP_CONFIG_FILE": str(conf), "PIP_INDEX_URL": "https://env.example/"}, home=tmp_path)
    assert "https://env.example/" in secrets["pip_conf"] and "file.example" not in secrets["pip_conf"]
