"""pages.py - the SQL of a Markdown page, run and compared with what the page shows.

A block opened by ```sql is run; words after `sql` are its tags: `error` (it
must fail), `cron` (needs pg_cron, left to cron.t). A ```text block right
after it must equal its output.
"""
import re, subprocess
from dataclasses import dataclass
from typing import Optional


@dataclass
class Block:
    line: int                   # of the first line inside, 1-based
    tags: list
    sql: str
    expected: Optional[str]
    end: int                    # index of the line after the closing fence


def blocks(path):
    found, lines, i = [], open(path, encoding="utf-8").read().split("\n"), 0
    while i < len(lines):
        opening = re.match(r"^```(\w*)\s*(.*)$", lines[i])
        if not opening:
            i += 1
            continue
        start, body = i, []
        i += 1
        while not lines[i].startswith("```"):
            body.append(lines[i])
            i += 1
        i += 1
        if opening.group(1) == "sql":
            found.append(Block(start + 2, opening.group(2).split(), "\n".join(body), None, i))
        elif opening.group(1) == "text" and found and all(not line.strip() for line in lines[found[-1].end:start]):
            found[-1].expected = "\n".join(body)
    return found


def psql(database, script):
    return subprocess.run(["psql", "-X", "-q", "-d", database, "-f", "-"], input=script, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def unplaced(output):
    """Without psql's own line numbers."""
    return re.sub(r"^psql:<stdin>:\d+: ", "", output, flags=re.M).strip("\n")


def tidy(output):
    """Content without layout: column widths, trailing blanks, places in the script."""
    return "\n".join(re.sub(r" +", " ", re.sub(r"-{3,}", "---", line)).strip() for line in unplaced(output).split("\n"))


def run(database, found, preamble=()):
    """Every block in order in one session; its output, or None where an earlier one failed."""
    script = ["\\set ON_ERROR_STOP 1", *preamble]
    for n, block in enumerate(found):
        script += ["\\echo @@@%d" % n, "\\set ON_ERROR_STOP %d" % ("error" not in block.tags), block.sql]
    printed = re.split(r"^@@@(\w+)\n?", psql(database, "\n".join(script + ["\\echo @@@end"])), flags=re.M)
    outputs = dict(zip(printed[1::2], printed[2::2]))
    return [outputs.get(str(n)) for n in range(len(found))]


def verdict(block, output):
    """None when the block did what the page says, else what it did instead."""
    if output is None:
        return "not reached: an earlier block failed"
    if ("error" in block.tags) != ("ERROR:" in output):
        return output
    if block.expected is not None and tidy(output) != tidy(block.expected):
        return "the page shows:\n%s\nprinted:\n%s" % (tidy(block.expected), tidy(output))
    return None
