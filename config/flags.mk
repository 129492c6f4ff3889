# Compiler, flags of each variant, and the libraries that go in statically.

AR := ar
# `clang` is the unversioned one, or the newest that has a version in its name.
ifeq ($(CC),clang)
override CC := $(or $(shell which clang 2>/dev/null),$(shell ls /usr/bin/clang-[0-9]* 2>/dev/null | sort -Vr | head -n 1),clang)
endif
cc_suffix := $(if $(findstring clang,$(notdir $(CC))),-clang)

# A variable may have the name of its type (`const verdict *verdict`), which gcc alone calls a shadow.
warnings := -Wall -Wextra -Wpedantic $(if $(findstring clang,$(CC)),-Wshadow,-Wshadow=local) -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wundef -Wformat=2 -Wpointer-arith -Wwrite-strings -Werror
# cmocka's callbacks leave parameters unused; a test's arithmetic is not worth its casts.
test_warnings := -Wno-unused-parameter -Wno-conversion -Wno-missing-prototypes

# Hardening flags that this compiler knows, found once per compiler (ADR 0002).
probed := build/flags$(cc_suffix).mk
$(probed): tools/probe-flags.sh
	@mkdir -p $(@D)
	@tools/probe-flags.sh $(CC) > $@.new && mv $@.new $@
include $(probed)

optimise_release := -O2 -g $(fortify)
optimise_test    := $(optimise_release) -DVELUM_TEST_SEAMS
sanitise_asan    := -fsanitize=address,undefined -fno-sanitize-recover=all
sanitise_tsan    := -fsanitize=thread
sanitise_fuzz    := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
optimise_asan    := -O1 -g -fno-omit-frame-pointer -DVELUM_TEST_SEAMS $(sanitise_asan)
optimise_tsan    := -O1 -g -fno-omit-frame-pointer -DVELUM_TEST_SEAMS $(sanitise_tsan)
optimise_fuzz    := -O1 -g -fno-omit-frame-pointer -DVELUM_TEST_SEAMS $(sanitise_fuzz)

CPPFLAGS := -Iinclude -I. -D_GNU_SOURCE
# All code is position independent for the shared library, so one set of objects serves
# the library and the programs.
CFLAGS = -std=c17 $(optimise_$(VARIANT)) -fPIC -fvisibility=hidden -ffile-prefix-map=$(CURDIR)=. \
	$(hardening) $(warnings)
LDFLAGS = -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(sanitise_$(VARIANT))
PROGRAM_LDFLAGS = -pie $(LDFLAGS)

# What a host could put its own copy in place of goes in statically.
static_names := libcrypto libsodium jansson yaml-0.1
static_private = $(filter-out -lcrypto -lsodium -ljansson -lyaml -ldl -pthread -lpthread -lm,$(filter -l%,\
	$(shell pkg-config --static --libs $(static_names))))
static_libs = -Wl,--exclude-libs,ALL -Wl,-Bstatic -lyaml -lsodium -lcrypto $(static_private) \
	-Wl,-Bdynamic -pthread -ldl -lm
