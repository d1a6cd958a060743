#!/usr/bin/env python3
"""The generated folding tables against ICU (python3-icu) and OpenCC, character by character.

ICU has its own copy of the Unicode data and its own transliterators; nothing
here reads unicode-data. What differs is compared with what is known to differ:
the numbers below are exact upper bounds, found once and explained beside them.
"""
import os
import re
import shutil
import subprocess
import sys

try:
    import icu
except ImportError:
    # Debian's module belongs to Debian's interpreter
    if os.path.realpath(sys.executable) != os.path.realpath("/usr/bin/python3") and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)
    print("1..0 # SKIP python3-icu is not installed")
    sys.exit(0)

top = os.environ.get("RS_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.chdir(top)
count = failed = 0


def ok(passed, what, note=""):
    global count, failed
    count += 1
    failed += not passed
    print("ok" if passed else "not ok", count, "-", what)
    if note:
        print("".join("# %s\n" % line for line in note.split("\n")), end="")
    sys.stdout.flush()


config = subprocess.run(["tools/pg-config"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
where = lambda what: subprocess.run([config, what], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
os.makedirs("build/oracle", exist_ok=True)
subprocess.run(["cc", "-std=gnu11", "-O1", "-fwrapv", "-D_GNU_SOURCE", "-Isrc", "-Itest/unit", "-Ibuild/generated", "-I" + where("--includedir-server"),
                "test/oracle/folding_dump.c", "src/folding.c", "src/rs_memory.c", "test/unit/pg_shim.c",
                where("--pkglibdir") + "/libpgcommon.a", where("--pkglibdir") + "/libpgport.a", "-lm", "-o", "build/oracle/folding_dump"], check=True)
kind, folded, reading, split = {}, {}, {}, {}
for line in subprocess.run(["build/oracle/folding_dump"], stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n"):
    if line:
        cp, k, f, r, s = line.split("\t")
        cp = int(cp, 16)
        kind[cp], reading[cp] = k, r
        folded[cp] = tuple(int(x, 16) for x in f.split())
        split[cp] = [tuple(int(x, 16) for x in pair.split("+")) for pair in s.split()]
Char, Category = icu.Char, icu.UCharCategory
ok(len(kind) == 0x110000, "a line for each of %d code points; ICU %s, Unicode %s" % (len(kind), icu.ICU_VERSION, icu.UNICODE_VERSION))


def fold(text):
    out = []
    for c in text:
        out += folded[ord(c)]
    return tuple(out)


# a newer ICU knows characters that the tables' version of Unicode does not have
head = "".join(open("build/generated/" + name, encoding="utf-8").read(400) for name in sorted(os.listdir("build/generated")))
version = tuple(map(int, re.search(r"Version (\d+)\.(\d+)\.\d+ of the Unicode Standard", head).groups()))
assigned = [cp for cp in range(0x110000) if Char.charType(cp) not in (0, Category.SURROGATE, Category.PRIVATE_USE_CHAR)
            and tuple(map(int, Char.charAge(cp).split(".")[:2])) <= version]
category = {cp: Char.charType(cp) for cp in assigned}
number = {cp: Char.getNumericValue(cp) for cp in assigned}


def none_but(found, limit, what, shown=40):
    ok(len(found) <= limit, "%s: %d exceptions, at most %d" % (what, len(found), limit),
       "U+" + " ".join("%04X" % cp for cp in found[:shown]) if found else "")


# ---- kinds ------------------------------------------------------------------
default_ignorable = [cp for cp in assigned if Char.hasBinaryProperty(cp, icu.UProperty.DEFAULT_IGNORABLE_CODE_POINT)]
none_but([cp for cp in default_ignorable if kind[cp] != "ignorable"], 0, "%d default ignorable characters are ignorable" % len(default_ignorable))
marks = [cp for cp in assigned if category[cp] in (Category.NON_SPACING_MARK, Category.ENCLOSING_MARK, Category.FORMAT_CHAR)]
none_but([cp for cp in marks if kind[cp] != "ignorable"], 0, "%d marks and format characters are ignorable" % len(marks))
# a letter whose compatibility form is a mark alone, or on a blank (half-width voicing marks), is no letter here
nfkd = icu.Normalizer2.getNFKDInstance()
bare = lambda cp: all(Char.isUWhiteSpace(ord(c)) or category[ord(c)] in (Category.NON_SPACING_MARK, Category.ENCLOSING_MARK)
                      or Char.hasBinaryProperty(ord(c), icu.UProperty.DEFAULT_IGNORABLE_CODE_POINT) for c in nfkd.normalize(chr(cp)))
letters = [cp for cp in assigned if Char.isalpha(cp) and not bare(cp)]
none_but([cp for cp in letters if kind[cp] != "text"], 0, "%d letters are text" % len(letters))
brackets = [cp for cp in assigned if category[cp] in (Category.START_PUNCTUATION, Category.END_PUNCTUATION, Category.INITIAL_PUNCTUATION, Category.FINAL_PUNCTUATION)]
none_but([cp for cp in brackets if kind[cp] != "clause"], 0, "%d brackets and quotes end a clause" % len(brackets))
spaces = [cp for cp in assigned if Char.isUWhiteSpace(cp)]
none_but([cp for cp in spaces if kind[cp] not in ("separator", "clause")], 0, "%d spaces stand between words" % len(spaces))
terminal = [cp for cp in assigned if Char.hasBinaryProperty(cp, icu.UProperty.TERMINAL_PUNCTUATION) and "." not in icu.Normalizer2.getNFKCInstance().normalize(chr(cp))]
# Unicode 16 made sentence marks of six older characters (Coptic and vertical forms)
newer = tuple(map(int, icu.UNICODE_VERSION.split(".")[:2])) > version
none_but([cp for cp in terminal if kind[cp] != "clause"], 6 if newer else 0, "%d sentence marks end a clause" % len(terminal))

# ---- digits -----------------------------------------------------------------
digits = [cp for cp in assigned if category[cp] == Category.DECIMAL_DIGIT_NUMBER]
none_but([cp for cp in digits if folded[cp] != (ord("0") + int(number[cp]),)], 0, "%d decimal digits of all scripts fold to ASCII" % len(digits))
numerals = [cp for cp in assigned if category[cp] in (Category.LETTER_NUMBER, Category.OTHER_NUMBER) and number[cp] in range(10)]
none_but([cp for cp in numerals if folded[cp] != (ord("0") + int(number[cp]),)], 0, "%d circled, Roman and other numerals fold to their digit" % len(numerals))
none_but([ord(c) for c, d in zip("〇一二三四五六七八九零壹贰叁肆伍陆柒捌玖", "0123456789" * 2) if folded[ord(c)] != (ord(d),)], 0, "20 Han numerals fold to their digit")

# ---- width, case, compatibility: NFKC_Casefold ---------------------------------
casefold = icu.Normalizer2.getNFKCCasefoldInstance()
hangul = lambda s: any(0x1100 <= ord(x) <= 0x11FF or 0x3130 <= ord(x) <= 0x318F or 0xA960 <= ord(x) <= 0xA97F or 0xAC00 <= ord(x) <= 0xD7FF for x in s)
compared = differing = 0
found = []
for cp in assigned:
    if kind[cp] != "text" or number[cp] is not None:
        continue
    form = casefold.normalize(chr(cp))
    # Hangul is left as it is written
    if form == chr(cp) or hangul(form):
        continue
    compared += 1
    if fold(form) != folded[cp]:
        found.append(cp)
# Greek with iota subscript (a mark here, a letter in case folding) and currency ligatures
unexplained = [cp for cp in found if "\u03b9" not in casefold.normalize(chr(cp)) and cp not in (0x20A8, 0xFDFC)]
none_but(unexplained, 0, "%d characters fold like their NFKC case folding (%d Greek ones with iota subscript and currency ligatures aside)" % (compared, len(found) - len(unexplained)))
# a folded character folds to itself
none_but([cp for cp in assigned if any(folded[c] != (c,) for c in folded[cp])], 0, "folding twice changes nothing")

# ---- traditional to simplified ------------------------------------------------
han = [cp for cp in assigned if Char.hasBinaryProperty(cp, icu.UProperty.IDEOGRAPHIC) and category[cp] == Category.OTHER_LETTER]
simplifier = icu.Transliterator.createInstance("Traditional-Simplified", icu.UTransDirection.FORWARD)
pairs = [(cp, simplifier.transliterate(chr(cp))) for cp in han]
pairs = [(cp, s) for cp, s in pairs if len(s) == 1 and s != chr(cp)]
other = [cp for cp, s in pairs if fold(chr(cp)) != fold(s)]
ok(len(other) <= 0.05 * len(pairs), "ICU Traditional-Simplified: %d of %d characters fold to its simplified one" % (len(pairs) - len(other), len(pairs)),
   "others: " + " ".join(chr(cp) + simplifier.transliterate(chr(cp)) for cp in other[:60]))
icu_simple = dict(pairs)
if shutil.which("opencc"):
    text = [chr(cp) for cp in han if 0x4E00 <= cp <= 0x9FFF]
    simple = subprocess.run(["opencc", "-c", "t2s.json"], input="\n".join(text), stdout=subprocess.PIPE, text=True, check=True).stdout.rstrip("\n").split("\n")
    opencc = {ord(c): s for c, s in zip(text, simple) if c != s and len(s) == 1}
    both = [cp for cp in opencc if icu_simple.get(cp) == opencc[cp]]
    wrong = [cp for cp in both if fold(chr(cp)) != fold(opencc[cp])]
    ok(len(wrong) <= 0.03 * len(both), "where ICU and OpenCC agree: %d of %d characters fold so too" % (len(both) - len(wrong), len(both)),
       "others: " + " ".join(chr(cp) + opencc[cp] for cp in wrong[:80]))
    split_verdict = [cp for cp in opencc if cp in icu_simple and icu_simple[cp] != opencc[cp]]
    ours = sum(fold(chr(cp)) in (fold(opencc[cp]), fold(icu_simple[cp])) for cp in split_verdict)
    print("# where they differ (%d), we agree with one of them in %d" % (len(split_verdict), ours))
else:
    ok(True, "SKIP opencc is not installed")
standard = [cp for cp in han if 0x4E00 <= cp <= 0x9FFF and folded[cp] == (cp,) and reading[cp]]

# ---- readings -----------------------------------------------------------------
pinyin = icu.Transliterator.createInstance("Han-Latin", icu.UTransDirection.FORWARD)
nfd = icu.Normalizer2.getNFDInstance()


def toneless(s):
    s = nfd.normalize(s).replace("u\u0308", "v")
    return "".join(c for c in s if "a" <= c <= "z")


compared, other = 0, []
for cp in standard:
    p = toneless(pinyin.transliterate(chr(cp)))
    if p:
        compared += 1
        if p != reading[cp]:
            other.append((cp, p))
ok(len(other) <= 0.01 * compared, "ICU Han-Latin: %d of %d characters have its reading" % (compared - len(other), compared),
   "others: " + " ".join("%s %s/%s" % (chr(cp), reading[cp], p) for cp, p in other[:30]))

# ---- side by side ---------------------------------------------------------------
forms = [(cp, f) for cp in split for f in split[cp]]
ok(len(forms) > 2500 and all(folded[a] == (a,) and folded[b] == (b,) and folded[cp] == (cp,) for cp, (a, b) in forms),
   "%d ways to write a character as two, of folded characters" % len(forms))
print("1..%d" % count)
sys.exit(failed > 0)
