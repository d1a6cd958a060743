"""An independent reading of the grading rules, for comparison with grade().

Exact arithmetic (Fraction); written from docs/grading.md, not from the C code.
"""
from fractions import Fraction as F

LEVELS = ["green", "unknown", "yellow", "orange", "red"]


def in_span(span, v):
    low, low_closed, high, high_closed = span
    if low is not None and (v < low or (v == low and not low_closed)):
        return False
    if high is not None and (v > high or (v == high and not high_closed)):
        return False
    return True


def level_of(score, thresholds):
    for name in ("red", "orange", "yellow"):
        if score >= thresholds[name]:
            return LEVELS.index(name)
    return 0


class Outside:
    """Recorded: the indicator does not apply to the entity."""


OUTSIDE = Outside()


class Candidate(F):
    """A value that nobody has confirmed."""


def register_of(checks, as_of, known_at):
    """checks: dicts with rule, indicator, outcome, severity, weight, lines, red_line, day, known -> those of the newest register"""
    known = [c for c in checks if c["day"] <= as_of and c["known"] <= known_at]
    newest_one = max(((c["day"], c["known"]) for c in known), default=None)
    return newest_one, {c["rule"]: c for c in known if (c["day"], c["known"]) == newest_one}


def newest(facts, as_of, known_at, since=None, of_checks=lambda indicator: True):
    """facts: (entity, indicator, value or None, line or None, as_of, known_at) -> cells, lines, entities;
    what checks of the register said before `since` is over"""
    cells, lines, seen = {}, {}, set()
    for entity, indicator, value, line, day, known in facts:
        if day > as_of or known > known_at:
            continue
        if since is not None and (day, known) < since and of_checks(indicator):
            continue
        seen.add(entity)
        key = (entity, indicator)
        if key not in cells or cells[key][1:] < (day, known):
            cells[key] = (value, day, known)
        if line is not None and (entity not in lines or lines[entity][1:] < (day, known)):
            lines[entity] = (line, day, known)
    return cells, lines, seen


def in_lines(line, lines):
    return lines is None or line is None or any(x in lines for x in line.split(","))


def lower(level):
    return {4: 3, 3: 2}.get(level, level)


def grade(ruleset, facts, as_of, known_at, exempt=(), overrides=None, checks=None):
    since, register = None, {}
    rules = list(ruleset["rules"])
    if checks is not None:
        since, register = register_of(checks, as_of, known_at)
        named = {r["rule"] for r in rules}
        for c in register.values():
            points = ruleset["rule_points"].get(c["severity"]) if c["severity"] else None
            if c["rule"] not in named and points is not None:
                rules.append(dict(rule=c["rule"], indicator=c["indicator"], lines=None, weight=c["weight"], required=False, on_missing="unknown", overridable=not c["red_line"],
                                  max_age=None, missing_points=F(0), missing_floor=None,
                                  bands=[dict(span=(0, False, None, False), points=points, floor=LEVELS.index(c["severity"]))]))
    used = {r["indicator"] for r in rules}
    filled = {r["indicator"] for r in rules if r["rule"] in register}
    cells, lines, seen = newest(facts, as_of, known_at, since, lambda i: i not in used or i in filled)
    out = {}
    for e in seen:
        line = lines[e][0] if e in lines else None
        score = F(0)
        worst_score = F(0)
        floor = worst_floor = fixed = worst_fixed = 0
        known_weight = all_weight = F(0)
        lacking = True
        first = True
        contributions = {}
        for r in rules:
            cell = cells.get((e, r["indicator"]))
            check = register.get(r["rule"])
            findings = check is not None and check["indicator"] == r["indicator"]
            # an institution of unknown line is judged by every rule, and what a check found, or could not judge, counts anywhere
            if not (in_lines(line, r["lines"]) and (not findings or in_lines(line, check["lines"]))):
                if not (findings and cell is not None and cell[0] is not OUTSIDE):
                    continue
            if cell is None and findings and check["outcome"] == "ran":
                cell = (F(0), as_of, known_at)
            if (e, r["rule"]) in exempt:
                continue
            stale = cell is not None and r["max_age"] is not None and as_of - cell[1] > r["max_age"]
            if cell is not None and cell[0] is OUTSIDE and not stale:
                continue
            if first:
                lacking, first = False, False
            all_weight += r["weight"]
            if cell is None or cell[0] is None or cell[0] is OUTSIDE or stale:
                worst = max([r["missing_points"]] + [b["points"] for b in r["bands"]])
                worst_mark = max([r["missing_floor"] or 0] + [b["floor"] or 0 for b in r["bands"]])
                c = r["weight"] * (worst if r["on_missing"] == "worst" else r["missing_points"])
                score += c
                contributions[r["rule"]] = c
                mf = worst_mark if r["on_missing"] == "worst" else r["missing_floor"] or 0
                floor = max(floor, mf)
                lacking = lacking or r["required"]
                if check is not None and check["severity"]:
                    lacking = lacking or (cell is not None and cell[0] is None) or check["outcome"] == "failed"
                if cell is None and check is not None and check["outcome"] == "not run":
                    # outside the scope of who keeps the register: nothing is withheld
                    worst_score += c
                    worst_floor = max(worst_floor, mf)
                else:
                    worst_score += r["weight"] * worst
                    worst_floor = max(worst_floor, worst_mark)
                    if not r["overridable"]:
                        worst_fixed = max([worst_fixed] + [b["floor"] or 0 for b in r["bands"]])
            else:
                known_weight += r["weight"]
                for b in r["bands"]:
                    if in_span(b["span"], cell[0]):
                        candidate = isinstance(cell[0], Candidate)
                        c = r["weight"] * b["points"] * (ruleset.get("candidate_share", 1) if candidate else 1)
                        score += c
                        worst_score += c
                        contributions[r["rule"]] = c
                        floor = max(floor, lower(b["floor"] or 0) if candidate else b["floor"] or 0)
                        if not r["overridable"] and not candidate:
                            fixed = max(fixed, b["floor"] or 0)
                        break
        level = at_least = max(floor, level_of(score, ruleset["levels"]))
        possible = max(floor, worst_floor, level_of(worst_score, ruleset["levels"]))
        if possible > level:
            level = 1
        if all_weight * ruleset["min_coverage"] > known_weight:
            lacking = True
        if lacking:
            level = max(level, 1)
            possible = max(possible, 1)
        computed = level
        if overrides and e in overrides:
            level = at_least = max(overrides[e], fixed)
            if worst_fixed > level:
                level = 1
            at_least = 0 if at_least == 1 else at_least
        out[e] = dict(level=LEVELS[level], at_least=LEVELS[at_least], score=score, floor=LEVELS[floor], possible=LEVELS[possible],
                      computed=LEVELS[computed], coverage=known_weight / all_weight if all_weight else None,
                      contributions={k: v for k, v in contributions.items() if v})
    return out
