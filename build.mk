# build.mk - compile risk_screen with PGXS; called by the Makefile.

PG_CONFIG ?= $(shell tools/pg-config)
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))

ifeq ($(PGXS),)
.PHONY: all install uninstall clean
all install uninstall:
	@echo "make: no PostgreSQL server headers found; run 'make setup' or set PG_CONFIG" >&2; exit 1
clean:
	rm -f src/*.o risk_screen.so risk_screen--*.sql
else

EXTENSION = risk_screen
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" risk_screen.control)
MODULE_big = risk_screen
OBJS = $(sort $(patsubst %.c,%.o,$(wildcard src/*.c)))
script = $(EXTENSION)--$(EXTVERSION).sql
DATA_built = $(script)
DATA = $(wildcard sql/upgrade/*.sql)

# Bitcode for inlining would need one exact clang; nothing here gains from it.
override with_llvm := no

PG_CPPFLAGS = -DRS_VERSION='"$(EXTVERSION)"' -Isrc -Ibuild/generated
PG_CFLAGS = -std=gnu11 -fno-semantic-interposition -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Wno-declaration-after-statement $(RS_CFLAGS) \
	$(if $(findstring clang,$(CC)),-Wno-ignored-attributes -Wno-ignored-optimization-argument -Wno-unknown-warning-option)
# Calls between our own functions go straight to them, whatever else a server has loaded.
SHLIB_LINK += -Wl,-Bsymbolic-functions
EXTRA_CLEAN = $(script) build/generated $(fragment_list) results regression.diffs regression.out output_iso

include $(PGXS)

fragments := $(sort $(wildcard sql/[0-9][0-9]-*.sql))
generators := $(wildcard tools/generate-*.mk)

# One install script from the fragments, each in a marked section, so that an
# error's line can be traced back to its file. The list of fragments is a file
# of its own, written only when it changes: a deleted one rebuilds the script too.
fragment_list = build/fragments
$(shell mkdir -p build; echo '$(fragments)' | cmp -s - $(fragment_list) || echo '$(fragments)' > $(fragment_list))

$(script): $(fragments) $(fragment_list) risk_screen.control
	@{ printf '%s\n' '\echo Use "CREATE EXTENSION risk_screen" to load this file. \quit'; \
	   for f in $(fragments); do echo; echo "-- ==== $$f"; cat $$f; done; } > $@.tmp
	@mv $@.tmp $@

# Headers are few and shared: every object depends on all of them.
$(OBJS): $(wildcard src/*.h)

# Tables generated at build time: each tools/generate-X.mk has its own rules.
-include $(generators)
endif
