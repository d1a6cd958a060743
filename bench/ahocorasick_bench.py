#!/usr/bin/python3
"""ahocorasick_bench.py WORDS FILE...: pyahocorasick (python3-ahocorasick), rows "what|ms|hits".

Lines with a hit, one call each; the interpreter's part of every call is in the figure.
"""
import sys
import time

import ahocorasick

start = time.process_time()
automaton = ahocorasick.Automaton()
for word in open(sys.argv[1], encoding="utf-8").read().split("\n"):
    if word:
        automaton.add_word(word, 1)
automaton.make_automaton()
print("compile|%.1f|%d" % ((time.process_time() - start) * 1e3, len(automaton)))
for name in sys.argv[2:]:
    lines = open(name, encoding="utf-8", errors="replace").read().split("\n")
    times = []
    for _ in range(3):
        start = time.process_time()
        hits = sum(1 for line in lines for _ in (next(automaton.iter(line), None),) if _ is not None)
        times.append((time.process_time() - start) * 1e3)
    print("lines|%.1f|%d" % (sorted(times)[1], hits))
