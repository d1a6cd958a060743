/*
 * src/ownership_map.c
 *	  Mapping the files of ownership graphs.
 *
 * Read-only and shared, so that all backends share the page cache and attaching
 * costs the same whatever the size. A backend keeps up to KEPT_MAPPINGS mappings
 * for its next question; more, and one whose file is gone, are given back at the
 * end of the transaction. More are needed while rows of many calls are read side
 * by side. Trust is as with flow graphs (src/flow_graph_map.c): the header
 * binds the file to server, database and query; a file that is not as it was
 * when it was published has its checksums verified, once per mapping.
 */
#include "pg_compat.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "storage/fd.h"
#include "utils/memutils.h"

#include "ownership_map.h"

#define KEPT_MAPPINGS 4
#define MAX_MAPPINGS 64

static RsOwnershipMapping mappings[MAX_MAPPINGS];
static int	nmappings = 0;		/* entries ever used */
static uint64 mapping_clock = 0;

static void
release(RsOwnershipMapping *m)
{
	if (m->base)
		munmap(m->base, m->size);
	if (m->context)
		MemoryContextDelete(m->context);
	memset(m, 0, sizeof(*m));
}

/* Give back what nobody uses and whose files are gone, or which is more than is kept. */
static void
unmap_vanished(void)
{
	for (int i = 0; i < nmappings; i++)
	{
		char		path[MAXPGPATH];
		struct stat st;

		if (mappings[i].name[0] == '\0' || mappings[i].pins > 0)
			continue;
		rs_graph_file_path(path, mappings[i].name);
		if (i >= KEPT_MAPPINGS || stat(path, &st) != 0)
			release(&mappings[i]);
	}
}

typedef struct Pin
{
	MemoryContextCallback callback;
	RsOwnershipMapping *mapping;
} Pin;

static void
unpin(void *arg)
{
	((Pin *) arg)->mapping->pins--;
}

static RsMapResult
pin(RsOwnershipMapping *m, MemoryContext owner, RsOwnershipMapping **mapping)
{
	Pin		   *p = MemoryContextAlloc(owner, sizeof(Pin));

	p->mapping = m;
	p->callback.func = unpin;
	p->callback.arg = p;
	m->pins++;
	m->used = ++mapping_clock;
	MemoryContextRegisterResetCallback(owner, &p->callback);
	*mapping = m;
	return RS_MAPPED;
}

/* A free entry; the one unused for longest makes room. */
static pg_noinline RsOwnershipMapping *
free_entry(void)
{
	RsOwnershipMapping *oldest = NULL;

	for (int i = 0; i < nmappings; i++)
	{
		RsOwnershipMapping *m = &mappings[i];

		if (m->name[0] == '\0')
			return m;
		if (m->pins == 0 && (oldest == NULL || m->used < oldest->used))
			oldest = m;
	}
	if (nmappings < KEPT_MAPPINGS || (oldest == NULL && nmappings < MAX_MAPPINGS))
		return &mappings[nmappings++];
	if (oldest == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %d ownership graphs in use at once", MAX_MAPPINGS)));
	release(oldest);
	return oldest;
}

static RsMapResult
map_file(RsOwnershipMapping *m, const char *stamp, const RsGraphIdentity *expected, const char **problem)
{
	char		found[RS_GRAPH_STAMP];
	int			fd;
	RsMapResult result = rs_graph_file_open(m->name, &fd, &m->size, found, problem);

	if (result != RS_MAPPED)
		return result;
	m->base = mmap(NULL, m->size, PROT_READ, MAP_SHARED, fd, 0);
	if (m->base == MAP_FAILED)
	{
		m->base = NULL;
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not map graph file \"%s\": %m", m->name)));
	}
	CloseTransientFile(fd);
	if (!rs_ownership_file_attach(&m->file, m->base, m->size, expected, problem) ||
		(strcmp(stamp, found) != 0 && !rs_ownership_file_verify(&m->file, problem)))
		return RS_MAP_DAMAGED;
	if (!rs_id_type_fits(&m->file.header->node))
	{
		*problem = "The type of its identifiers is not there any more.";
		return RS_MAP_DAMAGED;
	}
	return RS_MAPPED;
}

/* The entry that has the file mapped already, if it is what is expected; NULL: none. */
static pg_noinline RsOwnershipMapping *
mapped_entry(const char *file, const RsGraphIdentity *expected)
{
	for (int i = 0; i < nmappings; i++)
	{
		RsOwnershipMapping *m = &mappings[i];

		if (strcmp(m->name, file) != 0)
			continue;
		if (memcmp(&m->file.header->identity, expected, sizeof(*expected)) == 0 && rs_id_type_fits(&m->file.header->node))
			return m;
		if (m->pins == 0)
			release(m);
	}
	return NULL;
}

RsMapResult
rs_ownership_map(const char *files, const char *stamps, const RsGraphIdentity *expected,
				 MemoryContext owner, RsOwnershipMapping **mapping, const char **problem)
{
	RsOwnershipMapping *m;
	RsGraphIdentity identity = *expected;
	RsMapResult result;

	if (!rs_graph_file_number(files, &identity.file))
	{
		*problem = "Its name in the catalog is not one of a graph's file.";
		return RS_MAP_DAMAGED;
	}
	rs_graph_watch_transactions(unmap_vanished);
	m = mapped_entry(files, &identity);
	if (m != NULL)
		return pin(m, owner, mapping);
	m = free_entry();
	strlcpy(m->name, files, sizeof(m->name));
	PG_TRY();
	{
		m->context = AllocSetContextCreate(TopMemoryContext, "risk_screen ownership graph", ALLOCSET_SMALL_SIZES);
		result = map_file(m, stamps, &identity, problem);
		if (result == RS_MAPPED)
		{
			rs_id_type_init(&m->node, m->file.header->node.type, InvalidOid, "owner", m->context);
			m->file.node.type = m->node.key;
		}
		else
			release(m);
	}
	PG_CATCH();
	{
		release(m);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return result == RS_MAPPED ? pin(m, owner, mapping) : result;
}
