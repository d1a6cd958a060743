# tools/generate-name-words.mk - regions, industries and forms for src/name_parts.c.

build/generated/name_words.h: data/regions.tsv data/name_industries.tsv data/name_forms.tsv
	@mkdir -p build/generated
	@{ echo '/* Made by tools/generate-name-words.mk from data/. */'; \
	   for f in regions name_industries name_forms; do \
	     echo "static const RsNameWord word_$$f[] = {"; \
	     LC_ALL=C awk -F'\t' -v f=$$f '!/^#/ && $$1 != "" { \
	       if (f == "regions") printf "\t{\"%s\", \"%s\"},\n", $$2, $$1; \
	       else printf "\t{\"%s\", \"%s\"},\n", $$1, $$2 }' data/$$f.tsv; \
	     echo '};'; done; } > $@.tmp
	@mv $@.tmp $@

src/name_parts.o: build/generated/name_words.h
