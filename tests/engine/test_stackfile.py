"""Pulumi.yaml and the settings of a stack: read as the Pulumi CLI reads them, changed without harm to comments."""

import pytest

from amlkit.engine.embedded.project import Project, backend_url, select_stack, selected_stack, stack_name
from amlkit.engine.embedded.secrets import Passphrase
from amlkit.engine.embedded.stackfile import StackFile, config_for_program, encrypted, masked, stored_config
from amlkit.errors import AmlkitError, DefinitionError, SetupError

PROJECT = """\
name: try
runtime:
  name: python
  options:
    virtualenv: .venv
main: infra/
plugins:
  providers:
    - name: toy
      path: plug
config:
  greeting: hello
  typed:
    type: integer
    default: 4
"""

# settings and the salt of a stack that the Pulumi CLI made with the passphrase `hunter2`
SETTINGS = """\
# about this stack
encryptionsalt: v1:Gl5Vczik5RE=:v1:ZGVUdd95Fc9uhp2j:UE/F/99CSfrJpz1mNx161ljUn1PLog==
config:
  bare: 1.10
  try:int: 5   # trailing
  try:bool: true
  try:float: 1.0
  try:big: 12345678901234567890
  try:none:
  try:str: "007"
  try:oct: 0o14
  try:list: [1, two, {a: 1.50}]
  try:sci: 1e3
  try:yes: yes
  # about the token
  try:sss:
    secure: v1:T0SFeCScM4dXXtYP:XiJyv5QkfJa4r93L5zuiLZlF5A==
  try:o:
    a:
      - secure: v1:xXyniLRE4F0VeVmA:kgzRQJLZR7dFzjp5g2zleFWA
  azure-native:location: westeurope
"""

# what the Pulumi CLI gave a program for the two files above
GIVEN = {
    "azure-native:location": "westeurope",
    "try:bare": "1.1",
    "try:big": "12345678901234567890",
    "try:bool": "true",
    "try:float": "1",
    "try:greeting": "hello",
    "try:int": "5",
    "try:list": '[1,"two",{"a":1.5}]',
    "try:none": "",
    "try:o": '{"a":["zz"]}',
    "try:oct": "12",
    "try:sci": "1000",
    "try:sss": "1e3",
    "try:str": "007",
    "try:typed": "4",
    "try:yes": "yes",
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.dev.yaml").write_text(SETTINGS)
    return tmp_path


@pytest.fixture
def project(folder):
    return Project.load(folder)


@pytest.fixture(scope="module")
def passphrase():
    return Passphrase("v1:Gl5Vczik5RE=:v1:ZGVUdd95Fc9uhp2j:UE/F/99CSfrJpz1mNx161ljUn1PLog==", "hunter2")


def settings_of(project, text):
    (project.folder / "Pulumi.dev.yaml").write_text(text)
    return StackFile.load(project, "dev")


def saved(settings):
    settings.save()
    return settings.file.read_text()


def test_a_project_is_found_from_below_and_its_paths_are_absolute(folder):
    (folder / "infra").mkdir()
    project = Project.load(folder / "infra")
    assert (project.name, project.folder, project.main) == ("try", folder, folder / "infra")
    assert project.virtualenv == folder / ".venv"
    assert [(each.name, each.path) for each in project.plugins] == [("toy", folder / "plug")]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("runtime: python", "needs a `name`"),
        ("name: x", "needs a `runtime`"),
        ("name: x\nruntime: nodejs", "`nodejs`"),
        ("name: x\nruntime: python\nplugins: {providers: [{name: a}]}", "needs `name` and `path`"),
        ("name: [", "not YAML"),
        ("- a", "must be a mapping"),
    ],
)
def test_a_wrong_project_file_is_told_with_its_place(tmp_path, text, what):
    (tmp_path / "Pulumi.yaml").write_text(text)
    with pytest.raises(SetupError, match=what) as caught:
        Project.load(tmp_path)
    assert "Pulumi.yaml" in caught.value.problems[0].where


def test_no_project_is_told(tmp_path):
    with pytest.raises(SetupError, match=r"no Pulumi\.yaml project file found"):
        Project.load(tmp_path)


def test_a_program_gets_what_the_cli_gives_it(project, passphrase):
    values, secrets = config_for_program(project, StackFile.load(project, "dev"), passphrase)
    assert values == GIVEN
    assert secrets == ["try:o", "try:sss"]


def test_history_and_listings_have_no_secret_in_clear(project):
    kept = stored_config(project, StackFile.load(project, "dev"))
    assert kept["try:sss"] == {"secure": "v1:T0SFeCScM4dXXtYP:XiJyv5QkfJa4r93L5zuiLZlF5A=="}
    assert masked(kept["try:sss"]) == "[secret]"
    assert masked(kept["try:o"]) == '{"a":["[secret]"]}'
    assert kept["try:greeting"] == "hello"


def test_settings_that_the_project_declares_are_all_checked_at_once(folder, passphrase):
    declared = "  must:\n    type: string\n  pin:\n    type: string\n    secret: true\n    default: x\n"
    (folder / "Pulumi.yaml").write_text(PROJECT + declared)
    project = Project.load(folder)
    settings = settings_of(project, "config:\n  try:typed: word\n")
    with pytest.raises(DefinitionError) as caught:
        config_for_program(project, settings, passphrase)
    assert [each.what for each in caught.value.problems] == [
        "Stack 'dev' is missing configuration value 'try:must'",
        "Stack 'dev' with configuration key 'try:pin' must be encrypted as it's secret",
        "Stack 'dev' with configuration key 'try:typed' must be of type 'integer'",
    ]


def test_a_secret_without_salt_is_told_with_its_key(project):
    settings = settings_of(project, "config:\n  try:a:\n    secure: v1:x:y\n")
    with pytest.raises(SetupError, match="encryptionsalt") as caught:
        config_for_program(project, settings, None)
    assert "try:a" in caught.value.problems[0].where


def test_a_change_leaves_every_other_line_alone(project):
    settings = StackFile.load(project, "dev")
    settings.set("int", "7")
    assert saved(settings) == SETTINGS.replace("  try:int: 5   # trailing\n", '  try:int: "7"   # trailing\n')


def test_a_new_key_goes_to_the_end_of_config(project):
    settings = StackFile.load(project, "dev")
    settings.set("other:key", "yes")
    assert saved(settings) == SETTINGS + '  other:key: "yes"\n'


def test_a_removed_key_takes_its_lines_along_and_no_comment(project):
    settings = StackFile.load(project, "dev")
    assert settings.remove("sss")
    assert not settings.remove("never")
    text = saved(settings)
    assert "sss" not in text
    assert "  # about the token\n  try:o:\n" in text


def test_a_secret_is_stored_encrypted_and_read_back(project, passphrase):
    settings = StackFile.load(project, "dev")
    settings.set("pin", encrypted("opensesame", passphrase))
    assert "opensesame" not in saved(settings)
    assert config_for_program(project, StackFile.load(project, "dev"), passphrase)[0]["try:pin"] == "opensesame"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", 'encryptionsalt: s\nconfig:\n  try:a: "1"\n'),
        ("# only a comment\n", '# only a comment\nencryptionsalt: s\nconfig:\n  try:a: "1"\n'),
        ("config: {b: 2}\n# end\n", 'config:\n  b: 2\n  try:a: "1"\n# end\nencryptionsalt: s\n'),
        ("config:\n", 'config:\n  try:a: "1"\nencryptionsalt: s\n'),
        ("config: {}", 'config:\n  try:a: "1"\nencryptionsalt: s\n'),
        ("config:\n    b: 2\nx: 1\n", 'config:\n    b: 2\n    try:a: "1"\nx: 1\nencryptionsalt: s\n'),
        ("config:\n  try:a: |\n    one\n    # two\n  b: 2\n", 'config:\n  try:a: "1"\n  b: 2\nencryptionsalt: s\n'),
        ("encryptionsalt: old\nconfig:\n  a: 0\n", 'encryptionsalt: s\nconfig:\n  try:a: "1"\n'),
    ],
)
def test_salt_and_key_find_their_place_in_any_file(project, text, after):
    settings = settings_of(project, text)
    settings.set_salt("s")
    settings.set("a", "1")
    assert saved(settings) == after


@pytest.mark.parametrize(
    "value", ["yes", "1e3", "0o14", "007", "5", "true", "", "null", "a: b", "multi\nline", "# x", "é"]
)
def test_a_text_stays_a_text(project, passphrase, value):
    settings = settings_of(project, "")
    settings.set("a", value)
    settings.save()
    assert StackFile.load(project, "dev").config == {"try:a": value}


def test_nothing_is_written_when_nothing_changed(project):
    settings = StackFile.load(project, "absent")
    settings.save()
    assert not settings.file.exists()


@pytest.mark.parametrize("key", ["a:b:c", ":b", "a:"])
def test_a_key_that_is_none_is_refused(project, key):
    with pytest.raises(SetupError, match="invalid configuration key"):
        StackFile.load(project, "dev").set(key, "1")


def test_secrets_of_another_keeper_are_refused(project):
    with pytest.raises(SetupError, match="passphrase only"):
        settings_of(project, "secretsprovider: azurekeyvault://vault\n")


def test_the_selected_stack_is_remembered_for_each_backend(project, tmp_path):
    one = {"PULUMI_HOME": str(tmp_path / "home"), "PULUMI_BACKEND_URL": "file:///one"}
    other = {**one, "PULUMI_BACKEND_URL": "file:///other"}
    select_stack(project, one, "dev")
    select_stack(project, other, "prod")
    assert selected_stack(project, one) == "dev"
    assert selected_stack(project, other) == "prod"
    assert selected_stack(project, {**one, "PULUMI_STACK": "organization/try/x"}) == "x"
    select_stack(project, one, None)
    with pytest.raises(SetupError, match="no stack selected"):
        selected_stack(project, one)


def test_the_backend_comes_from_the_environment_or_the_project(folder, tmp_path):
    nothing = {"PULUMI_HOME": str(tmp_path / "home")}
    with pytest.raises(SetupError, match="PULUMI_BACKEND_URL"):
        backend_url(Project.load(folder), nothing)
    (folder / "Pulumi.yaml").write_text(PROJECT + "backend:\n  url: file:///state\n")
    assert backend_url(Project.load(folder), nothing) == "file:///state"
    assert backend_url(Project.load(folder), {"PULUMI_BACKEND_URL": "file:///env"}) == "file:///env"


@pytest.mark.parametrize(
    ("given", "name"), [("dev", "dev"), ("organization/dev", "dev"), ("organization/p/a.b", "a.b")]
)
def test_a_stack_may_be_named_in_full(given, name):
    assert stack_name(given) == name


@pytest.mark.parametrize("given", ["", "a b", "me/dev", "a/b/c/d", "ünï"])
def test_what_names_no_stack_is_refused(given):
    with pytest.raises(AmlkitError, match=r"stack name|organization name"):
        stack_name(given)


@pytest.mark.parametrize(
    ("text", "key", "value", "after"),
    [
        ("config:\n  try:a:\n    # b\n    b: 1 # one\n    c: 2\n", "a.c", "3", "    # b\n    b: 1 # one\n    c: 3\n"),
        ("config:\n  a:\n    b: 'one' # one\n    c: 2\n", "a.b", "it's", "    b: 'it''s' # one\n    c: 2\n"),
        (
            "config:\n  try:a:\n    b:\n      c: 1\n    # d\n    d: 2\n",
            "a.b.e",
            "5",
            "      c: 1\n      e: 5\n    # d\n",
        ),
        ("config:\n  try:a: {b: 1, c: {d: 2}}\nx: 1\n", "a.c.d", "3", "    b: 1\n    c:\n      d: 3\nx: 1\n"),
        ("config: {a: {b: 1}}\n", "a.b", "2", "config:\n  a:\n    b: 2\n"),
        ("config:\n  a:\n    - b\n    - c\n", "a[1]", "yes", '    - b\n    - "yes"\n'),
        ("config:\n  try:a:\n    b: 1\n    # c\n    c: 2\n", "a.b", None, "  try:a:\n    # c\n    c: 2\n"),
        ("config:\n  try:a: {b: 1, c: 2}\n", "a.b", None, "  try:a:\n    c: 2\n"),
        ("config:\n  try:a:\n    b: 1\n", "a.b", None, "  try:a: {}\n"),
    ],
)
def test_a_change_inside_of_a_setting_touches_no_more_lines_than_it_must(project, text, key, value, after):
    settings = settings_of(project, text)
    if value is None:
        settings.displace(key)
    else:
        settings.place(key, value)
    assert after in saved(settings)
