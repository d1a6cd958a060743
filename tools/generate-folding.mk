# tools/generate-folding.mk - tables of folding, readings and shapes, made from
# Debian's unicode-data (Unicode Character Database and Unihan); included by build.mk.

UNICODE_DATA ?= /usr/share/unicode

build/generated/folding_tables.h: tools/generate_folding.py $(wildcard $(UNICODE_DATA)/UnicodeData.txt)
	@mkdir -p build/generated
	@python3 tools/generate_folding.py $(UNICODE_DATA) > $@.tmp
	@mv $@.tmp $@

src/folding.o: build/generated/folding_tables.h
