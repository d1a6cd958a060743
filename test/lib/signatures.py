"""signatures.py - the headings of docs/reference.md against the functions that are there.

A heading gives one function or several: name(argument type = default, ...) → (column type, ...). It may leave out types and
defaults, and arguments where it writes "…" or the arguments of another function; what it states must be true of one form of the function, names and order included.
"""
import re

ALIASES = {"int": "integer", "float8": "double precision", "timestamptz": "timestamp with time zone", "bool": "boolean"}


def split(text, at=","):
    """Parts between commas that stand outside brackets and quotes."""
    parts, depth, quoted, part = [], 0, False, ""
    for c in text:
        if c == "'":
            quoted = not quoted
        elif not quoted and c in "([{":
            depth += 1
        elif not quoted and c in ")]}":
            depth -= 1
        if c == at and depth == 0 and not quoted:
            parts.append(part.strip())
            part = ""
        else:
            part += c
    return [p for p in parts + [part.strip()] if p]


def type_name(text):
    array = text.endswith("[]")
    base = text[:-2] if array else text
    base = re.sub(r"^risk_screen\.", "", base)
    return ALIASES.get(base, base) + ("[]" if array else "")


def default(text):
    text = re.sub(r"::[a-z_. ]+(\[\])?$", "", text.strip())
    text = re.sub(r"^'(.*)'$", r"\1", text)
    # intervals as the server writes them
    return re.sub(r"^(\d+) hours?$", r"\1:00:00", re.sub(r"^(\d+) months?$", r"\1 mon", text)).upper()


def actual(arguments):
    """pg_get_function_arguments() as (name, type, default or None), inputs and outputs apart."""
    inputs, outputs = [], []
    for part in split(arguments.replace(" ORDER BY ", ", ")):
        m = re.match(r'^(IN |OUT |INOUT |VARIADIC )?(?:("[^"]+"|[a-z_0-9]+) (?=[a-z"]))?(.*?)(?: DEFAULT (.*))?$', part)
        mode, name, kind, given = m.groups()
        if name in ("timestamp", "double"):                 # an argument without a name
            name, kind = None, part
        (outputs if mode == "OUT " else inputs).append(((name or "").strip('"'), type_name(kind), given))
    return inputs, outputs


def stated(text):
    """Arguments of a heading: (name, type or None, default or None), and whether some are left out."""
    open_ended = "…" in text
    text = re.sub(r"\[(, [^\]]*)\]", r"\1", text).replace(" ORDER BY …", "").replace("VARIADIC ", "")
    out = []
    for part in split(text):
        if "…" in part:
            continue
        part, _, given = part.partition(" = ")
        words = part.split(None, 1)
        out.append((words[0].strip('"'), type_name(words[1]) if len(words) > 1 else None, given or None))
    return out, open_ended


def fits(said, open_ended, there):
    """Whether what is said is true of this list, in order; all of it unless arguments are left out."""
    place = 0
    for name, kind, given in said:
        while place < len(there) and there[place][0] != name and not (kind is None and there[place][1] == type_name(name)):
            if not open_ended:
                return False
            place += 1
        if place == len(there):
            return False
        _, true_kind, true_default = there[place]
        if kind is not None and kind not in (true_kind, "any", '"any"') or given is not None and (true_default is None or default(given) != default(true_default)):
            return False
        place += 1
    return open_ended or place == len(there)


def headings(page):
    """(line, heading) of every heading that names a function, code fences left out."""
    fenced = False
    for number, line in enumerate(page.split("\n"), 1):
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and line.startswith("### "):
            yield number, line[4:]


def calls(heading, names):
    """Every function of a heading: (name, arguments or None, result columns or None)."""
    for m in re.finditer(r"(?<![\w.])([a-z_0-9]+)(\()?", heading):
        name, bracket = m.groups()
        if name not in names:
            continue
        before = heading[:m.start()]
        if before.count("(") > before.count(")"):           # an argument that is called like a function
            continue
        if not bracket:
            yield name, None, None
            continue
        depth, end, quoted = 1, m.end(), False
        while depth:
            c = heading[end]
            quoted ^= c == "'"
            depth += 0 if quoted else (c == "(") - (c == ")")
            end += 1
        arrow = re.match(r" (?:→|->) (?:setof )?\((.*)\)$", heading[end:])
        yield name, heading[m.end():end - 1], arrow.group(1) if arrow else None


def check(page, functions):
    """functions: (name, arguments, result) of every public one. Problems as text, and the functions that no heading has."""
    forms = {}
    for name, arguments, result in functions:
        inputs, outputs = actual(arguments)
        table = re.match(r"^TABLE\((.*)\)$", result)
        forms.setdefault(name, []).append((inputs, [c[0] for c in (actual(table.group(1))[0] if table else outputs)]))
    problems, seen, checked = [], set(), 0
    for number, heading in headings(page):
        for name, arguments, columns in calls(heading, set(forms)):
            seen.add(name)
            if arguments is None:
                continue
            checked += 1
            said, open_ended = stated(arguments)
            fitting = [outputs for inputs, outputs in forms[name] if fits(said, open_ended, inputs)]
            if not fitting:
                problems.append("line %d: %s(%s) is none of: %s" % (number, name, arguments, "; ".join(str([" ".join(filter(None, (a, t, d and "= " + d))) for a, t, d in i]) for i, _ in forms[name])))
            elif columns is not None and all(outputs for outputs in fitting):
                shown = [c[0] for c in stated(columns)[0]]
                if shown not in fitting:
                    problems.append("line %d: %s gives %s, not %s" % (number, name, ", ".join(fitting[0]), ", ".join(shown)))
    return problems, sorted(set(forms) - seen), checked
