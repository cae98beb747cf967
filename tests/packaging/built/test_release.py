"""What lies beside the program: checksums, bill of materials, the Debian package."""

import json
import re
import shutil
import subprocess

import pytest


@pytest.fixture(scope="session")
def materials(built):
    [found] = built.glob("*.cdx.json")
    return json.loads(found.read_text())


def test_the_checksums_are_of_everything_in_one_file(built):
    done = subprocess.run(
        ["sha256sum", "--strict", "--check", "checksums.sha256"],
        cwd=built,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    here = {one.name for one in built.iterdir() if one.is_file()}
    summed = {line.split("  ")[1] for line in (built / "checksums.sha256").read_text().splitlines()}
    assert {one for one in here if not one.startswith("checksums")} == summed


def test_the_bill_names_each_part_once_with_version_and_origin(materials):
    parts = materials["components"]
    references = [one["bom-ref"] for one in parts]
    assert len(set(references)) == len(references)
    names = {one["name"] for one in parts}
    assert {"sqlite", "starlette", "pyinstaller"} <= names
    # Debian's, where there is no wheel.
    assert names & {"cryptography", "python3-cryptography"}
    assert [one for one in names if re.fullmatch(r"libpython3\.\d+", one)]
    for part in parts:
        assert part["version"], part
        # The licences of Debian's packages are prose; they are carried, not named.
        assert part.get("licenses") or part["purl"].startswith("pkg:deb/"), part
    assert materials["dependencies"][0]["dependsOn"] == references


def test_the_program_carries_all_licences(built, materials):
    carried = {
        one.name.lower().replace("_", "-")
        for one in (built / "unibos/_internal/licences").iterdir()
    }
    assert {one["name"].lower() for one in materials["components"]} - carried == {"sqlite"}


def test_nothing_under_the_gpl_2_is_carried(built):
    """Encoders and the like that nobody asks for; what stands in for them is tiny."""
    for name in ("libx265", "libjbig", "libimagequant"):
        sizes = [one.stat().st_size for one in built.glob(f"unibos/_internal/**/{name}*")]
        assert all(size < 20_000 for size in sizes)


def test_lintian_finds_no_error(built):
    if not shutil.which("lintian"):
        pytest.skip("lintian is not installed; packaging/setup system-tests installs it")
    [package] = built.glob("*.deb")
    done = subprocess.run(
        ["lintian", "--fail-on", "error", "--allow-root", package],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
