#!/usr/bin/env python3
"""generate_folding.py UNICODE_DIR > folding_tables.h

Writes the C tables behind src/folding.c from the Unicode Character Database
and Unihan. Nothing is typed by hand: every mapping follows from a property.

For each code point, one of: itself; a folded sequence; ignorable; separator;
clause mark. The rules, in order:

  ignorable   default ignorable code points, format characters, combining marks
  digits      a numeric value 0..9 (any script, style, Han numerals, roman) -> ASCII digit
  clause      sentence and terminal punctuation, brackets, quotes, line ends
  separator   the other punctuation, symbols, spaces, controls; the full stop '.'
  letters     NFKC + case folding, marks dropped; enclosed letters by their name
  radicals    EquivalentUnifiedIdeograph
  Han         a character outside the Table of General Standard Chinese
              Characters (2013) stands for the simplified, Z or semantic
              variant inside it, or for what another glyph of it stands for;
              a character of the table stands for itself
"""
import bz2
import os
import re
import sys
import unicodedata

base = sys.argv[1]


def lines(name):
    path = os.path.join(base, name)
    if os.path.exists(path):
        f = open(path, encoding="utf-8")
    elif os.path.exists(path + ".bz2"):
        f = bz2.open(path + ".bz2", "rt", encoding="utf-8")
    else:
        sys.exit("generate_folding.py: %s is missing (Debian package unicode-data)" % path)
    with f:
        for line in f:
            line = line.split("#")[0].strip() if not line.startswith("U+") else line.rstrip("\n")
            if line:
                yield line


def property_set(name, wanted):
    found = set()
    for line in lines(name):
        cps, prop = [x.strip() for x in line.split(";")[:2]]
        if prop in wanted:
            first, _, last = cps.partition("..")
            found.update(range(int(first, 16), int(last or first, 16) + 1))
    return found


# ---- UnicodeData ---------------------------------------------------------

category, charname, decomposition, numeric = {}, {}, {}, {}
range_start = None
for line in lines("UnicodeData.txt"):
    f = line.split(";")
    cp = int(f[0], 16)
    if f[1].endswith(", First>"):
        range_start = cp
        continue
    if f[1].endswith(", Last>"):
        for c in range(range_start, cp + 1):
            category[c] = f[2]
        continue
    category[cp], charname[cp] = f[2], f[1]
    if f[5]:
        decomposition[cp] = [int(x, 16) for x in f[5].split() if not x.startswith("<")]
    if f[8]:
        numeric[cp] = f[8]

casefold = {}
for line in lines("CaseFolding.txt"):
    cp, status, to = [x.strip() for x in line.split(";")[:3]]
    if status in "CF":
        casefold[int(cp, 16)] = [int(x, 16) for x in to.split()]

ignorable = property_set("DerivedCoreProperties.txt", {"Default_Ignorable_Code_Point"})
terminal = property_set("PropList.txt", {"Sentence_Terminal", "Terminal_Punctuation"})

radical = {}
for line in lines("EquivalentUnifiedIdeograph.txt"):
    cps, to = [x.strip() for x in line.split(";")[:2]]
    first, _, last = cps.partition("..")
    for c in range(int(first, 16), int(last or first, 16) + 1):
        radical[c] = int(to, 16)

# ---- Unihan --------------------------------------------------------------

unihan = {}
for name in ("Variants", "NumericValues", "OtherMappings", "DictionaryLikeData", "Readings", "IRGSources"):
    for line in lines("Unihan_%s.txt" % name):
        if not line.startswith("U+"):
            continue
        cp, prop, value = line.split("\t")[:3]
        if prop in ("kSimplifiedVariant", "kTraditionalVariant", "kZVariant", "kSemanticVariant", "kSpoofingVariant",
                    "kPrimaryNumeric", "kAccountingNumeric", "kTGH", "kCangjie",
                    "kFourCornerCode", "kMandarin", "kCantonese", "kTotalStrokes", "kRSUnicode"):
            unihan.setdefault(prop, {})[int(cp[2:], 16)] = value


def variants(prop, cp):
    value = unihan[prop].get(cp, "")
    return [int(v.split("<")[0][2:], 16) for v in value.split()]


standard = {cp: int(v.split(":")[1]) for cp, v in unihan["kTGH"].items()}  # rank 1..8105

for prop in ("kPrimaryNumeric", "kAccountingNumeric"):
    for cp, v in unihan[prop].items():
        if v.split()[0] in "0123456789":
            numeric[cp] = v.split()[0]


# the standard characters that name cp as their traditional form
simple_of = {}
for s_ in standard:
    for t_ in variants("kTraditionalVariant", s_):
        if t_ != s_:
            simple_of.setdefault(t_, []).append(s_)


def glyph_key(cp):
    return tuple(unihan[p].get(cp, "") for p in ("kRSUnicode", "kMandarin", "kCantonese"))


glyphs = {}
for c_ in unihan["kCantonese"]:
    if c_ in unihan["kMandarin"]:
        glyphs.setdefault(glyph_key(c_), []).append(c_)


def simplify(cp):
    """Han character -> the standard character it stands for."""
    if cp in standard:
        return cp
    for prop in ("kSimplifiedVariant", "kTraditionalVariant", "kZVariant", "kSemanticVariant"):
        found = [v for v in variants(prop, cp) if v in standard]
        if found:
            return min(found, key=lambda v: standard[v])
    simple = [v for v in variants("kSimplifiedVariant", cp) if v != cp]
    if simple:
        return simple[0]
    # another glyph of a traditional form (産 of 產, 緑 of 綠): one radical, as
    # many strokes, one reading in Mandarin and in Cantonese
    found = {w for d in glyphs.get(glyph_key(cp), ()) if d != cp
             for w in (variants("kSimplifiedVariant", d) or ([d] if d in standard else [])) if w in standard}
    if len(found) == 1:
        return found.pop()
    # two steps: a variant of a traditional form
    for prop in ("kZVariant", "kSemanticVariant"):
        for v in variants(prop, cp):
            found = [w for w in variants("kSimplifiedVariant", v) if w in standard]
            if found:
                return min(found, key=lambda w: standard[w])
    return cp


enclosed = re.compile(r"(?:NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER|REGIONAL INDICATOR SYMBOL LETTER"
                      r"|LATIN LETTER SMALL CAPITAL|CROSSED NEGATIVE SQUARED LATIN CAPITAL LETTER) ([A-Z])$")

IGNORABLE, SEPARATOR, CLAUSE = "ignorable", "separator", "clause"
memo = {}


def fold(cp):
    """IGNORABLE, SEPARATOR, CLAUSE or a tuple of code points."""
    if cp not in memo:
        memo[cp] = (cp,)            # a cycle in the data ends here
        memo[cp] = fold_new(cp)
    return memo[cp]


def fold_sequence(cps):
    out = ()
    for c in cps:
        r = fold(c)
        if isinstance(r, tuple):
            out += r
    return out


def fold_new(cp):
    cat = category.get(cp, "Cn")
    if cp in ignorable or cat in ("Cf", "Mn", "Me"):
        return IGNORABLE
    value = numeric.get(cp, "")
    if re.fullmatch(r"[0-9]+", value) and (cat[0] == "N" and int(value) < 100 or int(value) < 10 and cat == "Lo"):
        # 12 of one numeral sign reads as its digits; Han tens stay characters
        if int(value) < 10 or (cp in decomposition) or cat == "No":
            return tuple(ord(d) for d in value)
    if "/" in value:
        return (cp,)
    if cp in radical:
        return fold(radical[cp])
    if cat[0] in "ZCPS" and cat not in ("Co", "Cn", "Cs"):
        m = enclosed.match(charname.get(cp, ""))
        if m:
            return (ord(m.group(1).lower()),)
        if cat == "So" and cp in decomposition:
            out = fold_sequence(decomposition[cp])
            if out:
                return out
        if cat in ("Zl", "Zp", "Ps", "Pe", "Pi", "Pf") or cp in (0x0A, 0x0D):
            return CLAUSE
        # '.' writes abbreviations; the Chinese full stop is another character
        dots = decomposition.get(cp, [cp])
        if cp in terminal and dots != [0x2E]:
            return CLAUSE
        return SEPARATOR
    m = enclosed.match(charname.get(cp, ""))
    if m:
        return (ord(m.group(1).lower()),)
    if 0xAC00 <= cp <= 0xD7A3:
        return (cp,)
    if cp in decomposition:
        out = fold_sequence(decomposition[cp])
        return out if out else SEPARATOR
    if cp in casefold:
        return fold_sequence(casefold[cp])
    if cat == "Lo":
        s = simplify(cp)
        if s != cp:
            return fold(s)
    return (cp,)


# ---- folding pages -------------------------------------------------------

KIND = {IGNORABLE: 3, SEPARATOR: 4, CLAUSE: 5}
sequences, sequence_at = [], {}
pages, page_of = [[0] * 64], {(0,) * 64: 0}
top = []
longest = 1
for page in range(0x110000 >> 6):
    cells = []
    for cp in range(page << 6, (page + 1) << 6):
        r = fold(cp)
        if r == (cp,):
            cells.append(0)
        elif isinstance(r, tuple) and len(r) == 1:
            cells.append((1 << 24) | r[0])
        elif isinstance(r, tuple):
            longest = max(longest, len(r))
            if r not in sequence_at:
                sequence_at[r] = len(sequences)
                sequences.append(len(r))
                sequences.extend(r)
            cells.append((2 << 24) | sequence_at[r])
        else:
            cells.append(KIND[r] << 24)
    key = tuple(cells)
    if key not in page_of:
        page_of[key] = len(pages)
        pages.append(cells)
    top.append(page_of[key])

# ---- readings: toneless pinyin of folded characters ------------------------

reading = {}
for cp, v in unihan["kMandarin"].items():
    if fold(cp) != (cp,) and cp not in numeric:
        continue
    s = unicodedata.normalize("NFD", v.split()[0])
    s = s.replace("u\u0308", "v")
    s = "".join(c for c in s if "a" <= c <= "z")
    if s:
        reading[cp] = s
# a digit is read as its Han numeral
for cp, v in unihan["kPrimaryNumeric"].items():
    if fold(cp) == (ord(v[0]),) and cp in reading:
        reading.setdefault(ord(v[0]), reading[cp])
for cp in [c for c in reading if fold(c) != (c,)]:
    del reading[cp]
syllables = sorted(set(reading.values()))
syllable_id = {s: i + 1 for i, s in enumerate(syllables)}

# ---- shapes: characters easily taken for each other ------------------------
# Same four corners and nearly the same number of strokes, both common
# (first 6500 of the table); or listed by Unihan as spoofing variants.

strokes = {cp: int(v.split()[0]) for cp, v in unihan["kTotalStrokes"].items()}
shape = {}
for cp, v in unihan["kFourCornerCode"].items():
    if cp in standard and standard[cp] <= 6500 and fold(cp) == (cp,):
        code = v.split()[0].split(".")[0]
        shape[cp] = (int(code) + 1, min(strokes[cp], 63))
spoof = []
for cp, v in unihan["kSpoofingVariant"].items():
    a = fold(cp)
    for w in v.split():
        b = fold(int(w.split("<")[0][2:], 16))
        if a != b and isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b) == 1:
            spoof.append((a[0], b[0]))
spoof = sorted(set(spoof) | {(b, a) for a, b in spoof})

# ---- split characters ------------------------------------------------------
# c is a written beside b when the Cangjie code of c is that of a followed by
# that of b, the strokes add up, and c's radical is that of a or b. The form
# split may be any variant: the result names folded characters.

cangjie = {cp: v.split()[0] for cp, v in unihan["kCangjie"].items()}
radical_no = {cp: re.match(r"(\d+)", v).group(1) for cp, v in unihan["kRSUnicode"].items()}
by_code = {}
for cp, code in cangjie.items():
    r = fold(cp)
    if isinstance(r, tuple) and len(r) == 1 and r[0] in standard and standard[r[0]] <= 6500:
        by_code.setdefault(code, []).append(cp)
split = set()
for cp, code in cangjie.items():
    r = fold(cp)
    if not (isinstance(r, tuple) and len(r) == 1 and r[0] in standard):
        continue
    for i in range(1, len(code)):
        for a in by_code.get(code[:i], ()):
            for b in by_code.get(code[i:], ()):
                if (strokes[a] + strokes[b] == strokes[cp] and
                        radical_no[cp] in (radical_no[a], radical_no[b])):
                    split.add((r[0], fold(a)[0], fold(b)[0]))
split = sorted(split)

# ---- output ---------------------------------------------------------------


def array(type_, name, values, per_line=16, fmt="%d"):
    print("static const %s %s[%d] = {" % (type_, name, len(values)))
    for i in range(0, len(values), per_line):
        print("\t" + ", ".join(fmt % v for v in values[i:i + per_line]) + ",")
    print("};\n")


def two_level(type_, name, mapping, fmt="%d"):
    zero = tuple([0] * 64)
    ps, at, tops = [list(zero)], {zero: 0}, []
    for page in range(0x30000 >> 6):
        key = tuple(mapping.get(cp, 0) for cp in range(page << 6, (page + 1) << 6))
        if key not in at:
            at[key] = len(ps)
            ps.append(list(key))
        tops.append(at[key])
    array("uint16", name + "_top", tops)
    array(type_, name + "_page", [x for p in ps for x in p], fmt=fmt)


version = next((l for l in open(os.path.join(base, "ReadMe.txt"), encoding="utf-8") if "Version" in l), "").strip()
print("/* Made by tools/generate_folding.py from the Unicode Character Database and Unihan. */")
print("/* %s */\n" % version.replace("*/", ""))
print("#define FOLD_LONGEST %d" % longest)
array("uint16", "fold_top", top)
array("uint32", "fold_page", [x for p in pages for x in p], per_line=8, fmt="0x%x")
array("uint32", "fold_sequence", sequences or [0], fmt="0x%x")
two_level("uint16", "reading", {cp: syllable_id[s] for cp, s in reading.items()})
print("static const char *const syllable[%d] = {\n\t\"\"," % (len(syllables) + 1))
for i in range(0, len(syllables), 12):
    print("\t" + ", ".join('"%s"' % s for s in syllables[i:i + 12]) + ",")
print("};\n")
two_level("uint32", "shape", {cp: (c << 6) | s for cp, (c, s) in shape.items()}, fmt="0x%x")
array("uint32", "spoof", [x for p in spoof for x in p], per_line=8, fmt="0x%x")
array("uint32", "split", [x for p in split for x in p], per_line=9, fmt="0x%x")
if "--statistics" in sys.argv:
    sys.stderr.write("pages %d, sequences %d, longest %d, readings %d, syllables %d, shapes %d, spoof %d, split %d\n" % (
        len(pages), len(sequence_at), longest, len(reading), len(syllables), len(shape), len(spoof), len(split)))
