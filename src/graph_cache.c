/*
 * src/graph_cache.c
 *	  Definitions of kept graphs that this session looked up before.
 *
 * Two looks into tables took a sixth of a question about one company. What was
 * found is kept until one of the tables changes, as the server keeps what it
 * knows of its own catalogs: a trigger on the tables, whoever writes to them,
 * sends an invalidation of the table that reaches all sessions when the
 * transaction commits, the own one at its next command, and standbys with the
 * log. Rights are not kept: they are looked at in each question.
 *
 * Cost: a hash look-up and a copy of the texts. Memory: at most 128 definitions.
 */
#include "pg_compat.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "graph_cache.h"

#define MOST_ENTRIES 128

typedef struct Entry
{
	char		key[8 + RS_GRAPH_NAME_BYTES];	/* kind, name; zeros behind */
	RsGraphDefinition d;
} Entry;

StaticAssertDecl(offsetof(Entry, key) == 0, "dynahash wants the key first");

static MemoryContext context = NULL;
static HTAB *entries = NULL;
static uint64 generation = 0;
static Oid	tables[2] = {InvalidOid, InvalidOid};

static void
make_key(char *key, const RsGraphKind *kind, const char *name)
{
	memset(key, 0, sizeof(((Entry *) NULL)->key));
	key[0] = kind->kind[0];
	strlcpy(key + 8, name, RS_GRAPH_NAME_BYTES);
}

/* Texts, and what the owner lets read, into another context. */
static void
copy_definition(RsGraphDefinition *to, const RsGraphDefinition *from, MemoryContext where)
{
	MemoryContext old = MemoryContextSwitchTo(where);

#define COPY(field) to->field = from->field ? pstrdup(from->field) : NULL
	*to = *from;
	COPY(name);
	COPY(query);
	COPY(bad_rows);
	COPY(search_path);
	COPY(time_zone);
	COPY(files);
	COPY(stamps);
	COPY(evidence);
#undef COPY
	to->readers = (ArrayType *) memcpy(palloc(VARSIZE(from->readers)), from->readers, VARSIZE(from->readers));
	MemoryContextSwitchTo(old);
}

void
rs_graph_cache_forget(void)
{
	generation++;
	if (context != NULL)
		MemoryContextReset(context);
	entries = NULL;
}

static void
on_change(Datum arg, Oid relation)
{
	if (!OidIsValid(relation) || relation == tables[0] || relation == tables[1])
		rs_graph_cache_forget();
}

uint64
rs_graph_cache_generation(void)
{
	AcceptInvalidationMessages();
	return generation;
}

bool
rs_graph_cache_find(const RsGraphKind *kind, const char *name, MemoryContext where, RsGraphDefinition *d)
{
	Entry	   *entry;
	char		key[sizeof(entry->key)];

	AcceptInvalidationMessages();
	if (entries == NULL || strlen(name) >= RS_GRAPH_NAME_BYTES)
		return false;
	make_key(key, kind, name);
	entry = hash_search(entries, key, HASH_FIND, NULL);
	if (entry == NULL)
		return false;
	copy_definition(d, &entry->d, where);
	return true;
}

void
rs_graph_cache_keep(uint64 since, const RsGraphDefinition *d, Oid definitions, Oid files)
{
	char		key[sizeof(((Entry *) NULL)->key)];
	RsGraphDefinition kept;
	Entry	   *entry;

	if (since != generation || strlen(d->name) >= RS_GRAPH_NAME_BYTES)
		return;
	if (context == NULL)
		context = AllocSetContextCreate(CacheMemoryContext, "risk_screen graph definitions", ALLOCSET_SMALL_SIZES);
	if (entries != NULL && hash_get_num_entries(entries) >= MOST_ENTRIES)
		rs_graph_cache_forget();
	if (entries == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(entry->key), .entrysize = sizeof(Entry), .hcxt = context};

		entries = hash_create("risk_screen graph definitions", MOST_ENTRIES, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	tables[0] = definitions;
	tables[1] = files;
	make_key(key, d->kind, d->name);
	/* who locks a definition looks into the tables whatever is kept: it is the same */
	if (hash_search(entries, key, HASH_FIND, NULL) != NULL)
		return;
	/* all that can fail comes before the entry */
	copy_definition(&kept, d, context);
	entry = hash_search(entries, key, HASH_ENTER, NULL);
	entry->d = kept;
}

/* risk_screen._graph_changed() returns trigger: after statements that change a table of definitions or files */
PG_FUNCTION_INFO_V1(rs_graph_changed);
Datum
rs_graph_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("risk_screen._graph_changed() must be called as a trigger")));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return PointerGetDatum(NULL);
}

void
rs_graph_cache_init(void)
{
	CacheRegisterRelcacheCallback(on_change, (Datum) 0);
}
