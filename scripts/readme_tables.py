#!/usr/bin/env python3
"""Writes the measured numbers into README.md and docs/measurements.md: a template of docs/templates, with
every {{...}} replaced by a number of results/bench/*.json, takes the place of what stands between the
two marks of the page.

    scripts/readme_tables.py            # writes the pages
    scripts/readme_tables.py --check    # exit code 1 where a page is not what it would write

A number is {{<how> <file>: <path> | <format>}}, for instance

    {{train: teacher_training[batch=7, isa=avx512].ratio_to_libtorch_loop | .0f}}
    {{max known_start: models[model=teacher].test.mse_over_floor | .2f}}

<how> is nothing (the path must lead to one value), all (joined by " / "), count, min, max, median or sum;
<path> may be "<path> over <path>", a ratio; <format> is one of Python's.
{{machine <file>}} says what the numbers of a file were measured on and by which program.
"""
import json
import pathlib
import re
import statistics
import sys

root = pathlib.Path(__file__).resolve().parent.parent
marks = ("<!-- measured: begin -->\n", "<!-- measured: end -->\n")
pages = {"README.md": "readme.md", "docs/measurements.md": "measurements.md"}


def results(name, known={}):
    if name not in known:
        file = root / "results" / "bench" / f"{name}.json"
        if not file.is_file():
            raise SystemExit(f"readme_tables: expected results/bench/{name}.json, found none; "
                             "scripts/measure.sh writes it")
        known[name] = json.loads(file.read_text())
        if known[name]["format_version"] != 1:
            raise SystemExit(f"{file.name}: expected format_version 1, "
                             f"found {known[name]['format_version']}")
    return known[name]


def matches(element, conditions):
    for condition in filter(None, re.split(r",\s*(?=\w+=)", conditions)):
        key, wanted = condition.split("=", 1)
        found = element.get(key.strip())
        if str(found) != wanted.strip():
            return False
    return True


def values(tree, path):
    """All values that `path` leads to."""
    found = [tree]
    for name, conditions in re.findall(r"([A-Za-z_0-9]+)(?:\[([^\]]*)\])?", path):
        found = [element[name] for element in found]
        if conditions or f"{name}[]" in path:
            found = [e for part in found for e in part if matches(e, conditions)]
    flat = []
    for value in found:
        flat += value if isinstance(value, list) else [value]
    return flat


def number(match):
    text = match.group(1).strip()
    try:
        if text.startswith("machine "):
            return machine(results(text.split()[1]))
        head, form = text.rsplit("|", 1)
        where, path = head.split(":", 1)
        *how, name = where.split()
        numbers = results(name)["numbers"]
        found, *divisor = [[v for v in values(numbers, part.strip()) if v is not None]
                           for part in path.split(" over ")]
        if divisor:
            found = [a / b for a, b in zip(found, divisor[0], strict=True)]
        show = lambda value: format(value, form.strip())
        if how in (["all"],):
            return " / ".join(show(v) for v in found)
        reduced = {"count": len, "min": min, "max": max, "median": statistics.median, "sum": sum}.get(how[0] if how else "")
        if reduced:
            return show(reduced(found))
        if how or len(found) != 1:
            raise ValueError(f"expected one value, found {len(found)}")
        return show(found[0])
    except (KeyError, ValueError, TypeError, IndexError, statistics.StatisticsError) as problem:
        raise SystemExit(f"docs/templates: {{{{{text}}}}}: {type(problem).__name__}: {problem}")


def machine(result):
    m = result["machine"]
    commit = result["git_commit"][:12]
    return (f"{m['processor']}, {m['cores']} cores, {m['system']}; "
            f"version {result['program_version']} ({commit})")


def page_with_numbers(name):
    """The text of the page `name` as it is, and as it should be."""
    text = (root / name).read_text()
    if any(text.count(mark) != 1 for mark in marks):
        raise SystemExit(f"{name}: expected each of {marks[0].strip()} and {marks[1].strip()} once")
    before, rest = text.split(marks[0])
    after = rest.split(marks[1])[1]
    template = (root / "docs" / "templates" / pages[name]).read_text()
    measured = re.sub(r"\{\{(.*?)\}\}", number, template, flags=re.S)
    return text, before + marks[0] + measured + marks[1] + after


def main():
    check = sys.argv[1:] == ["--check"]
    different = 0
    for name in pages:
        text, wanted = page_with_numbers(name)
        if wanted == text:
            continue
        different = 1
        if check:
            print(f"{name}: expected the numbers of results/bench, found others; "
                  "run scripts/readme_tables.py")
        else:
            (root / name).write_text(wanted)
    return different if check else 0


if __name__ == "__main__":
    sys.exit(main())
