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


def newest(facts, as_of, known_at):
    """facts: (entity, indicator, value or None, line or None, as_of, known_at) -> cells, lines, entities"""
    cells, lines, seen = {}, {}, set()
    for entity, indicator, value, line, day, known in facts:
        if day > as_of or known > known_at:
            continue
        seen.add(entity)
        key = (entity, indicator)
        if key not in cells or cells[key][1:] < (day, known):
            cells[key] = (value, day, known)
        if line is not None and (entity not in lines or lines[entity][1:] < (day, known)):
            lines[entity] = (line, day, known)
    return cells, lines, seen


def grade(ruleset, facts, as_of, known_at, exempt=(), overrides=None):
    cells, lines, seen = newest(facts, as_of, known_at)
    out = {}
    for e in seen:
        line = lines[e][0] if e in lines else None
        score = F(0)
        worst_score = F(0)
        floor = worst_floor = fixed = 0
        known_weight = all_weight = F(0)
        lacking = True
        first = True
        contributions = {}
        for r in ruleset["rules"]:
            cell = cells.get((e, r["indicator"]))
            if r["lines"] is not None:
                # an institution of unknown line is judged by every rule
                if line is not None and line not in r["lines"]:
                    continue
            if (e, r["rule"]) in exempt:
                continue
            if first:
                lacking, first = False, False
            all_weight += r["weight"]
            stale = cell is not None and r["max_age"] is not None and as_of - cell[1] > r["max_age"]
            if cell is None or cell[0] is None or stale:
                c = r["weight"] * r["missing_points"]
                score += c
                contributions[r["rule"]] = c
                mf = r["missing_floor"] or 0
                floor = max(floor, mf)
                lacking = lacking or r["required"]
                worst_score += max([c] + [r["weight"] * b["points"] for b in r["bands"]])
                worst_floor = max([worst_floor, mf] + [b["floor"] or 0 for b in r["bands"]])
            else:
                known_weight += r["weight"]
                for b in r["bands"]:
                    if in_span(b["span"], cell[0]):
                        c = r["weight"] * b["points"]
                        score += c
                        worst_score += c
                        contributions[r["rule"]] = c
                        floor = max(floor, b["floor"] or 0)
                        if not r["overridable"]:
                            fixed = max(fixed, b["floor"] or 0)
                        break
        level = max(floor, level_of(score, ruleset["levels"]))
        possible = max(floor, worst_floor, level_of(worst_score, ruleset["levels"]))
        if all_weight * ruleset["min_coverage"] > known_weight:
            lacking = True
        if lacking:
            level = max(level, 1)
            possible = max(possible, 1)
        computed = level
        if overrides and e in overrides:
            level = max(overrides[e], fixed)
        out[e] = dict(level=LEVELS[level], score=score, floor=LEVELS[floor], possible=LEVELS[possible],
                      computed=LEVELS[computed], coverage=known_weight / all_weight if all_weight else None,
                      contributions={k: v for k, v in contributions.items() if v})
    return out
