"""Settings from flags, environment, file and defaults, on machines made up in a folder."""

from pathlib import Path

import msgspec
import pytest

from unibos.base import config
from unibos.base.config.settings import About, Setting
from unibos.base.config.values import expected, from_value
from unibos.base.errors import Misconfigured


@pytest.fixture
def root(tmp_path):
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_text("Raspberry Pi 4 Model B Rev 1.4\0")
    (tmp_path / "proc/meminfo").write_text("MemTotal: 1894000 kB\n")
    (tmp_path / "proc/cpuinfo").write_text("processor : 0\nprocessor : 1\nprocessor : 2\n")
    (tmp_path / "etc/unibos").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def load(root):
    def load(toml=None, environ=None, flags=None):
        if toml is not None:
            (root / "etc/unibos/unibos.toml").write_text(toml)
        return config.load(flags or {}, environ or {}, root=root)

    return load


def refusal(load, *args, **kwargs):
    with pytest.raises(Misconfigured) as raised:
        load(*args, **kwargs)
    return raised.value


def test_nothing_set_gives_defaults_that_fit_the_machine(load):
    loaded = load()
    assert loaded.role == ("node",)
    assert loaded.data == Path("/var/lib/unibos")
    assert (loaded.node.host, loaded.node.port, loaded.node.tls) == ("0.0.0.0", 8001, False)
    assert loaded.documents.languages == ("eng", "deu", "tur")
    assert loaded.machine.model == "pi4"
    assert (loaded.jobs.heavy, loaded.jobs.memory_mb) == (2, 1024)
    assert loaded.origins["node.port"] == "default"
    assert loaded.origins["jobs.heavy"] == "profile standard"
    assert (loaded.sync.blobs, loaded.origins["sync.blobs"]) == ("eager", "board pi4")


@pytest.mark.parametrize(
    ("model", "when"),
    [("zero", "on_demand"), ("zero2w", "on_demand"), ("pi3", "eager"), ("pc", "eager")],
)
def test_the_smallest_boards_fetch_large_files_on_demand(load, model, when):
    assert load(f"[board]\nmodel = '{model}'\n").sync.blobs == when
    assert load("[sync]\nblobs = 'eager'\n[board]\nmodel = 'zero'\n").sync.blobs == "eager"


def test_flags_beat_environment_beats_file_beats_default(load, root):
    toml = "[node]\nport = 1\nhost = 'a'\n[jobs]\nheavy = 5\n[log]\nlevel = 'error'\n"
    environ = {"UNIBOS_NODE_PORT": "2", "UNIBOS_NODE_HOST": "b"}
    loaded = load(toml, environ, {"node.port": 3, "log.format": None})
    assert (loaded.node.port, loaded.node.host, loaded.jobs.heavy) == (3, "b", 5)
    file = root / "etc/unibos/unibos.toml"
    assert loaded.origins["node.port"] == "flag --port"
    assert loaded.origins["node.host"] == "environment UNIBOS_NODE_HOST"
    assert loaded.origins["log.level"] == f"file {file}: log.level"
    assert loaded.origins["log.format"] == "default"


SAMPLES = {
    "board.model": "pi5",
    "board.profile": "edge",
    "deployment_type": "dev",
    "documents.languages": "fra",
    "hub.offline_seconds": "400",
    "hub.proxies": "10.0.0.0/8",
    "hub.public_urls": "https://hub.example.org",
    "hub.role": "standby",
    "hub.tls": "false",
    "hub.urls": "https://a.example.org",
    "jobs.hand_over": "false",
    "jobs.heavy": "7",
    "jobs.rules": "documents.* prefer=gpu",
    "log.format": "json",
    "log.level": "debug",
    "media.transcode": "av1",
    "node.proxies": "127.0.0.1, fd00::/8",
    "node.tls": "true",
    "notifications.mail_to": "owner@example.org",
    "offline": "true",
    "role": "hub",
    "sync.blobs": "on_demand",
    "sync.metered": "true",
    "sync.peers": "http://192.168.1.5:8001",
    "sync.read_strategy": "priority",
    "update.auto": "true",
    "update.channel": "testing",
    "update.hold": "1.4.0, 1.4.1",
    "update.window": "22-04",
    "worker.gpu": "true",
    "worker.queues": "ocr, media",
    "worker.type": "ocr",
}


@pytest.mark.parametrize("setting", config.settings(), ids=lambda setting: setting.key)
def test_every_setting_can_be_set_in_the_environment(load, setting):
    text = SAMPLES.get(setting.key, "70")
    environ = {setting.env[0]: text}
    if "tls_" in setting.key:
        section = setting.key.partition(".")[0].upper()
        environ = {f"UNIBOS_{section}_TLS_CERT": text, f"UNIBOS_{section}_TLS_KEY": text}
    loaded = load(environ=environ)
    assert loaded.origins[setting.key] == f"environment {setting.env[0]}"
    found = {line.key: line.value for line in config.explain(loaded)}
    assert (
        found[setting.key] != {line.key: line.value for line in config.explain(load())}[setting.key]
    )


@pytest.mark.parametrize(
    ("name", "text", "read", "value"),
    [
        ("UNIBOS_DEPLOYMENT_TYPE", "hub", lambda c: c.role, ("hub",)),
        (
            "UNIBOS_HUBS",
            "https://a.example, http://b:8000",
            lambda c: c.hub.urls[1],
            "http://b:8000",
        ),
        ("UNIBOS_OFFLINE_MODE", "True", lambda c: c.offline, True),
        ("HUB_ROLE", "regional", lambda c: c.hub.role, "regional"),
        ("HUB_REGION", "eu", lambda c: c.hub.region, "eu"),
        ("HA_PEER", "other.local", lambda c: c.hub.ha_peer, "other.local"),
        ("WORKER_TYPE", "ocr", lambda c: c.worker.type, "ocr"),
        ("GPU_ENABLED", "yes", lambda c: c.worker.gpu, True),
        ("UNIBOS_ROLE", "node,worker", lambda c: c.role, ("node", "worker")),
        ("UNIBOS_DATA", "~/here", lambda c: c.data, Path.home() / "here"),
    ],
)
def test_the_first_generations_names_stay_valid(load, name, text, read, value):
    assert read(load(environ={name: text})) == value


def test_the_prefixed_name_is_the_stronger_one(load):
    loaded = load(environ={"HUB_ROLE": "standby", "UNIBOS_HUB_ROLE": "regional"})
    assert loaded.hub.role == "regional"


def test_an_empty_variable_is_as_good_as_none(load):
    assert load("offline = true\n", {"UNIBOS_OFFLINE": ""}).offline is True


def test_the_deployment_type_gives_the_role_only_where_none_is_set(load):
    environ = {"UNIBOS_DEPLOYMENT_TYPE": "worker"}
    assert load(environ=environ).origins["role"] == "deployment_type worker"
    assert load("role = ['node']\n", environ).role == ("node",)
    assert load(environ={"UNIBOS_DEPLOYMENT_TYPE": "dev"}).role == ("node",)


def test_the_profile_can_be_chosen(load):
    loaded = load("[board]\nprofile = 'edge'\nmodel = 'zero2w'\n")
    assert (loaded.machine.model, loaded.machine.profile.name) == ("zero2w", "edge")
    assert (loaded.jobs.heavy, loaded.origins["jobs.heavy"]) == (1, "profile edge")


@pytest.mark.parametrize(
    ("toml", "name", "near"),
    [
        ("[node]\nprot = 1\n", "node.prot", "node.port"),
        ("[nodes]\nport = 1\n", "nodes.port", "node.port"),
        ("port = 1\n", "port", "node.port"),
        ("rolle = ['node']\n", "rolle", "role"),
        ("[documents.ocr]\nlanguages = []\n", "documents.ocr.languages", "documents.languages"),
        ("zzz = {}\n", "zzz", "unibos config show"),
    ],
)
def test_an_unknown_key_is_told_with_its_nearest(load, root, toml, name, near):
    error = refusal(load, toml)
    assert error.code == "unknown_setting"
    assert name in error.detail
    assert str(root / "etc/unibos/unibos.toml") in error.detail
    assert near in error.hint


def test_an_unknown_variable_is_told_with_its_nearest(load):
    error = refusal(load, environ={"UNIBOS_NODE_PRT": "1"})
    assert (error.code, "UNIBOS_NODE_PORT" in error.hint) == ("unknown_setting", True)
    assert "environment" in error.detail
    load(environ={"UNIBOS_TOKEN": "for the client", "HUB_SOMETHING": "of another program"})


def test_an_unknown_flag_is_told(load):
    assert refusal(load, flags={"node.prt": 1}).hint == "Did you mean node.port?"


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[node]\nport = '8001'\n", "a whole number from 0 to 65535, not '8001'"),
        ("[node]\nport = 65536\n", "a whole number from 0 to 65535, not 65536"),
        ("node = 3\n", "There is no setting node"),
        ("offline = 1\n", "offline must be true or false, not 1"),
        ("role = 'node'\n", "a list, each one of node, hub, worker"),
        ("role = []\n", "a list, each one of node, hub, worker"),
        ("data = ''\n", "data must be a path"),
        ("data = 7\n", "data must be a path"),
        ("[org]\nname = ''\n", "text of 1 to 200 characters"),
        ("[documents]\nlanguages = ['--psm']\n", "such as eng, deu or tur"),
        ("[log]\nlevel = 'loud'\n", "one of debug, info, warning, error"),
        ("[node]\ntls_cert = '/a.pem'\n", "go together"),
        ("[log.level]\na = 1\n", "log.level must be one of"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_expected_and_where_it_stands(load, root, toml, says):
    error = refusal(load, toml)
    assert says in error.detail
    assert str(root / "etc/unibos/unibos.toml") in error.detail
    assert error.hint


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("UNIBOS_NODE_PORT", "8001x"),
        ("UNIBOS_NODE_PORT", "1" * 5000),
        ("UNIBOS_OFFLINE", "perhaps"),
        ("UNIBOS_HUBS", "hub.example.org"),
        ("UNIBOS_ROLE", ","),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(load, name, text):
    error = refusal(load, environ={name: text})
    assert error.code == "bad_setting"
    assert f"(environment {name})" in error.detail
    assert len(error.detail) < 250


def test_an_empty_section_is_fine(load):
    assert load("[node]\n[documents]\n").node.port == 8001


def test_a_named_file_must_exist(root, tmp_path):
    for environ, file in [({}, tmp_path / "no.toml"), ({"UNIBOS_CONFIG": "/no/such.toml"}, None)]:
        with pytest.raises(Misconfigured) as raised:
            config.load({}, environ, file, root=root)
        assert raised.value.code == "config_missing"


def test_a_named_file_replaces_the_default_one(load, root, tmp_path):
    load("[node]\nport = 1\n")
    named = tmp_path / "mine.toml"
    named.write_text("[node]\nport = 2\n")
    assert config.load({}, {}, named, root=root).node.port == 2
    assert config.load({}, {"UNIBOS_CONFIG": str(named)}, root=root).node.port == 2
    assert config.file_in_use({}, named, root) == named


def test_a_file_that_is_no_toml_is_told(load, root):
    assert refusal(load, "role = [").code == "config_syntax"
    (root / "etc/unibos/unibos.toml").write_bytes(b"\xff\xfe")
    assert refusal(load).code == "config_syntax"


def test_a_file_that_cant_be_read_is_told(load, root):
    (root / "etc/unibos/unibos.toml").mkdir()
    assert refusal(load).code == "config_unreadable"


def test_explain_lists_each_setting_once_in_plain_values(load):
    lines = list(config.explain(load()))
    assert [line.key for line in lines] == [setting.key for setting in config.settings()]
    assert all(line.help and line.origin for line in lines)
    assert msgspec.json.decode(msgspec.json.encode(lines))[1]["value"] == "/var/lib/unibos"


def test_a_secret_is_not_told_by_its_refusal():
    secret = Setting("hub.key", int, "", About("A secret", secret=True))
    with pytest.raises(Misconfigured) as raised:
        from_value(secret, "hunter2", "a test")
    assert "hunter2" not in raised.value.detail
    assert expected(secret) == "a whole number"


@pytest.mark.parametrize("section", ["node", "hub"])
def test_proxies_are_addresses_and_networks(load, section):
    loaded = load(f"[{section}]\nproxies = ['127.0.0.1', '10.0.0.0/8', 'fd00::/8']\n")
    assert len(getattr(loaded, section).proxies) == 3
    error = refusal(load, f"[{section}]\nproxies = ['10.0.0.0/8', 'proxy.lan']\n")
    assert error.code == "bad_setting"
    assert f"{section}.proxies" in error.detail
    assert "proxy.lan" in error.detail


def test_a_node_is_late_before_it_is_offline(load):
    error = refusal(load, "[hub]\nlate_seconds = 300\n")
    assert error.code == "bad_setting"
    assert refusal(load, "[hub]\nheartbeat_seconds = 90\n").code == "bad_setting"


def test_names_in_the_environment_are_unique():
    names = [name for setting in config.settings() for name in setting.env]
    assert len(names) == len(set(names))
