# SPDX-License-Identifier: MIT
"""Checks a corpus of Quadlet files against `supctl verify --json`: check.py CORPUS DIRECTORY.

A corpus is a text of cases:
    @ NAME accepts                a file, and that nothing is wrong with it
    @ NAME warns TEXT             it is accepted, with a warning that has TEXT in it
    @ NAME refuses TEXT           it is not, with an error that has TEXT in it
    & NAME                        another file beside it
    = PATH JSON                   "Container.Exec" of its configuration, or "Name", "Unit", "Type"
    < KIND UNIT                   it depends on UNIT in this way
Other lines are the files' own. {I} is a whole [Container] section to be added to.
"""

import json
import os
import subprocess
import sys

SHORTHANDS = {"{I}": "[Container]\nImage=localhost/imagename:latest\nNetwork=none", "{P}": "[Pod]\nNetwork=none"}

# What the machine that the test runs on lacks is no fault of the file.
OF_THE_MACHINE = ("no-file", "no-image", "no-secret", "unknown-unit", "unreachable")


class Case:
    def __init__(self, line, number):
        words = line.split(None, 2)
        self.name, self.verdict = words[0], words[1]
        self.text = words[2] if len(words) > 2 else ""
        self.number = number
        self.files = {self.name: []}
        self.current = self.name
        self.values, self.dependencies = [], []

    def add(self, line):
        mark, rest = line[:2], line[2:]
        if mark == "& ":
            self.current = rest
            self.files[rest] = []
        elif mark == "= ":
            path, value = rest.split(" ", 1)
            self.values.append((path, json.loads(value)))
        elif mark == "< ":
            self.dependencies.append(rest.split(" "))
        else:
            self.files[self.current].append(SHORTHANDS.get(line, line))

    def write(self, directory):
        os.makedirs(directory)
        for name, lines in self.files.items():
            with open(os.path.join(directory, name), "w", encoding="utf-8") as f:
                f.write("\n".join(lines) + "\n")
        return os.path.join(directory, self.name)

    def problems(self, status, unit):
        said = [d for d in unit["Diagnostics"] if d["Severity"] == "error" or
                (d["Severity"] == "warning" and d["Code"] not in OF_THE_MACHINE)]
        errors = [d["Message"] for d in said if d["Severity"] == "error"]
        warnings = [d["Message"] for d in said if d["Severity"] == "warning"]
        refused = self.verdict == "refuses"
        if (status != 0) != refused or unit["Valid"] == refused:
            yield f"exit status {status}, Valid is {unit['Valid']}: {errors}"
        if self.verdict == "accepts" and said:
            yield f"it says {errors + warnings}"
        if self.verdict != "accepts" and not any(self.text in m for m in (errors if refused else warnings)):
            yield f"no '{self.text}' in {errors + warnings}"
        for path, wanted in self.values:
            value = unit if path in ("Name", "Unit", "Type") else unit["Configuration"]
            for part in path.split("."):
                value = (value or {}).get(part)
            if value != wanted:
                yield f"{path} is {json.dumps(value)}, not {json.dumps(wanted)}"
        for kind, other in self.dependencies:
            if other not in unit["Dependencies"].get(kind, []):
                yield f"not {kind} {other}: {unit['Dependencies'].get(kind)}"


def read_corpus(path):
    cases = []
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if line.startswith("@ "):
                cases.append(Case(line[2:], number))
            elif cases and line:
                cases[-1].add(line)
    return cases


def main():
    corpus, directory = sys.argv[1:]
    cases, n_bad = read_corpus(corpus), 0
    for case in cases:
        file = case.write(os.path.join(directory, str(case.number)))
        run = subprocess.run(["supctl", "verify", "--json", file], capture_output=True, text=True, check=False)
        for problem in case.problems(run.returncode, json.loads(run.stdout)[0]):
            n_bad += 1
            print(f"{corpus}:{case.number}: {case.name}: {problem}")
    print(f"{len(cases)} files, {n_bad} problems")
    return 1 if n_bad or not cases else 0


sys.exit(main())
