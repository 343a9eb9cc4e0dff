"""What the documents say is what the programs do."""
import re
import subprocess

from support.stack import ROOT


def test_settings_are_those_of_the_table():
    """docs/settings.md is what the program prints: `make docs` writes it anew."""
    printed = subprocess.run([ROOT / "build/release/headcount.fcgi", "--print-settings-markdown"], check=True,
                             capture_output=True, text=True).stdout
    assert (ROOT / "docs/settings.md").read_text() == printed


def test_links_of_the_documents_lead_somewhere():
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_make_targets_that_the_documents_name():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for name in re.findall(r"(?:^    |`)make ([a-z-]+)", document.read_text(), re.M):
            assert name in targets, f"{document.name}: make {name}"
