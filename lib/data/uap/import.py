#!/usr/bin/env python3
"""Takes the rules of uap-core and its test cases over. Run by hand only.

    git clone https://github.com/ua-parser/uap-core /tmp/uap-core
    git -C /tmp/uap-core checkout COMMIT
    python3 lib/data/uap/import.py /tmp/uap-core

Writes regexes.yaml and LICENSE (as they are) beside this script, and tests/data/uap/browsers.tsv and systems.tsv: the
cases of every file that uap-core's own tests/test.js reads for browsers and systems, as one table each. Commit and date
go into README.md by hand; new families that matter get a row at the end of browsers.tsv or systems.tsv.
"""
import os
import shutil
import sys

from rules_file import read_sections

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "../../../tests/data/uap")
FILES = {
    "browsers.tsv": (("family", "major", "minor", "patch"), (
        "test_resources/firefox_user_agent_strings.yaml", "tests/test_ua.yaml", "test_resources/pgts_browser_list.yaml",
        "test_resources/opera_mini_user_agent_strings.yaml", "test_resources/podcasting_user_agent_strings.yaml")),
    "systems.tsv": (("family", "major", "minor", "patch", "patch_minor"), (
        "tests/test_os.yaml", "test_resources/additional_os_tests.yaml")),
}


def main(checkout):
    for file in ("regexes.yaml", "LICENSE"):
        shutil.copyfile(os.path.join(checkout, file), os.path.join(HERE, file))
    for target, (keys, sources) in FILES.items():
        lines = [f"# Test cases of uap-core, made by lib/data/uap/import.py: {', '.join(keys)}, User-Agent\n"]
        for source in sources:
            for case in read_sections(os.path.join(checkout, source))["test_cases"]:
                cells = [case[key] or "" for key in keys] + [case["user_agent_string"]]
                if any("\t" in cell or "\n" in cell for cell in cells):
                    raise SystemExit(f"{source}: a tab in {cells}")
                lines.append("\t".join(cells) + "\n")
        with open(os.path.join(CASES, target), "w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
        print(f"{target}: {len(lines) - 1} cases")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: import.py CHECKOUT")
    main(sys.argv[1])
