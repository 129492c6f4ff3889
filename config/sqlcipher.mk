# SQLCipher, fetched once and compiled once per compiler for all variants (ADR 0001).

sqlcipher_fetched := build/deps/sqlcipher
SQLCIPHER := $(or $(SQLCIPHER_DIR),$(sqlcipher_fetched))
sqlcipher_object := build/deps/sqlcipher$(cc_suffix)$(if $(SQLCIPHER_DIR),-own).o

sqlcipher_flags := -D_GNU_SOURCE -include stdint.h -DSQLITE_HAS_CODEC \
	-DSQLITE_EXTRA_INIT=sqlcipher_extra_init -DSQLITE_EXTRA_SHUTDOWN=sqlcipher_extra_shutdown \
	-DSQLCIPHER_CRYPTO_OPENSSL -DSQLITE_TEMP_STORE=2 -DSQLITE_THREADSAFE=2 \
	-DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_DQS=0 -DSQLCIPHER_OMIT_LOG \
	-DHAVE_FDATASYNC=1 -DSQLITE_DEFAULT_MEMSTATUS=0

$(sqlcipher_fetched)/sqlite3.c: | tools/sqlcipher.sh
	@flock build/.lock-sqlcipher-fetch tools/sqlcipher.sh $(sqlcipher_fetched)
$(sqlcipher_fetched)/sqlite3.h: $(sqlcipher_fetched)/sqlite3.c

$(sqlcipher_object): $(SQLCIPHER)/sqlite3.c config/sqlcipher.mk
	@mkdir -p $(@D)
	$(call say,CC sqlcipher (about a minute$(comma) once per compiler))
	$(Q)flock build/.lock-sqlcipher-cc sh -c 'test $@ -nt $< -a $@ -nt config/sqlcipher.mk || { \
	  $(CC) $(sqlcipher_flags) -O2 -g $(fortify) $(hardening) -fPIC -fvisibility=hidden -ffile-prefix-map=$(CURDIR)=. -w -c -o $@.new $< && mv $@.new $@; }'
comma := ,
