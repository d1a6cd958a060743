/*
 * src/flow_graph_map.c
 *	  Mapping the files of a flow graph.
 *
 * Read-only and shared, so that all backends share the page cache and attaching
 * costs the same whatever the size. A graph of several parts is mapped twice:
 * each file as it is, for what is looked up in it, and the arrays of all of
 * them behind each other in one range, where a place means the same in all.
 * Between these arrays is room for groups that were joined; it is the call's,
 * so a graph of several parts is mapped once for each call at work on it.
 *
 * A backend keeps up to KEPT_MAPPINGS mappings for its next question; more, and
 * one whose file is gone, are given back at the end of the transaction. More are
 * needed while rows of many calls are read side by side. Trust: the headers
 * bind the files to server, database, query, row and each other; inode, size,
 * modification and change time are compared with those noted when a file was
 * published. If they differ (a restored backup, an editor) all its checksums
 * are verified, once per mapping.
 */
#include "pg_compat.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "utils/memutils.h"

#include "flow_graph_map.h"
#include "rs_memory.h"

#define KEPT_MAPPINGS 8
#define MAX_MAPPINGS 64

static RsGraphMapping mappings[MAX_MAPPINGS];
static int	nmappings = 0;		/* entries ever used */
static uint64 mapping_clock = 0;

/* ---------- room for joined groups ---------- */

static uint64
room_bytes(const RsGraphMapping *m)
{
	return ((uint64) m->roomy[0] + m->roomy[1]) * (sizeof(RsArc) + sizeof(uint32));
}

static bool
make_writable(RsGraphMapping *m, uint64 at, uint64 from, uint64 to)
{
	return mmap(m->range + at + from, to - from, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

void
rs_graph_map_room(RsGraphMapping *m, MemoryContext budget, int side, uint32 room)
{
	uint64		had = m->roomy[side];
	uint64		more = (room - had) * (sizeof(RsArc) + sizeof(uint32));

	rs_memory_check(budget, more, "joining the parts of the flow graph");
	if (!make_writable(m, m->room.arc[side], had * sizeof(RsArc), room * sizeof(RsArc)) ||
		!make_writable(m, m->room.transfer[side], had * sizeof(uint32), room * sizeof(uint32)))
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not map memory for joining the parts of a flow graph: %m")));
	m->roomy[side] = room;
	rs_memory_mapped += more;
}

static void
take_room_back(RsGraphMapping *m)
{
	rs_memory_mapped -= room_bytes(m);
	for (int side = 0; side < 2; side++)
	{
		uint64		places = m->roomy[side];

		if (places == 0)
			continue;
		(void) mmap(m->range + m->room.arc[side], places * sizeof(RsArc), PROT_NONE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
		(void) mmap(m->range + m->room.transfer[side], places * sizeof(uint32), PROT_NONE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
		m->roomy[side] = 0;
	}
}

/* ---------- entries ---------- */

static void
release(RsGraphMapping *m)
{
	for (int i = 0; i < m->nfiles; i++)
		if (m->file[i].base)
			munmap(m->file[i].base, m->file[i].size);
	if (m->range)
	{
		take_room_back(m);
		munmap(m->range, m->range_size);
	}
	if (m->context)
		MemoryContextDelete(m->context);
	memset(m, 0, sizeof(*m));
}

/* Next of several words; false at the end. */
static bool
next_word(const char **at, char *word, Size size)
{
	Size		n = strcspn(*at, " ");

	if (n == 0)
		return false;
	strlcpy(word, *at, Min(n + 1, size));
	*at += n;
	*at += strspn(*at, " ");
	return true;
}

/* Give back what nobody uses and whose files are gone, or which is more than is kept. */
static void
unmap_vanished(void)
{
	for (int i = 0; i < nmappings; i++)
	{
		const char *at = mappings[i].files;
		char		name[RS_GRAPH_FILE_NAME];
		char		path[MAXPGPATH];
		struct stat st;

		if (mappings[i].nfiles == 0 || mappings[i].pins > 0)
			continue;
		if (i >= KEPT_MAPPINGS)
		{
			release(&mappings[i]);
			continue;
		}
		while (next_word(&at, name, sizeof(name)))
		{
			rs_graph_file_path(path, name);
			if (stat(path, &st) != 0)
			{
				release(&mappings[i]);
				break;
			}
		}
	}
}

typedef struct Pin
{
	MemoryContextCallback callback;
	int			entry;
} Pin;

static void
unpin(void *arg)
{
	RsGraphMapping *m = &mappings[((Pin *) arg)->entry];

	if (--m->pins == 0)
		take_room_back(m);
}

static RsMapResult
pin(int entry, MemoryContext owner, RsGraphMapping **mapping)
{
	Pin		   *p = MemoryContextAlloc(owner, sizeof(Pin));

	p->entry = entry;
	p->callback.func = unpin;
	p->callback.arg = p;
	mappings[entry].pins++;
	mappings[entry].used = ++mapping_clock;
	MemoryContextRegisterResetCallback(owner, &p->callback);
	*mapping = &mappings[entry];
	return RS_MAPPED;
}

/* A free entry; the one unused for longest makes room. */
static pg_noinline int
free_entry(void)
{
	int			oldest = -1;

	for (int i = 0; i < nmappings; i++)
	{
		if (mappings[i].nfiles == 0)
			return i;
		if (mappings[i].pins == 0 && (oldest < 0 || mappings[i].used < mappings[oldest].used))
			oldest = i;
	}
	if (nmappings < KEPT_MAPPINGS || (oldest < 0 && nmappings < MAX_MAPPINGS))
		return nmappings++;
	if (oldest < 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %d flow graphs in use at once", MAX_MAPPINGS)));
	release(&mappings[oldest]);
	return oldest;
}

/* ---------- mapping ---------- */

static pg_noinline void
cannot_map(const char *name)
{
	char		path[MAXPGPATH];

	rs_graph_file_path(path, name);
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("could not map graph file \"%s\": %m", path)));
}

/* Lay the arrays of the parts behind each other; fd[] are their files. */
static void
map_range(RsGraphMapping *m, const int *fd)
{
	RsGraphPiece piece[RS_GRAPH_MAX_PIECES];
	int			npieces;
	void	   *range;

	m->range_size = rs_graph_plan(&m->graph, piece, &npieces, &m->room);
	range = mmap(NULL, m->range_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (range == MAP_FAILED)
		cannot_map(m->files);
	m->range = range;
	for (int i = 0; i < npieces; i++)
		if (mmap(m->range + piece[i].at, piece[i].length, PROT_READ, MAP_SHARED | MAP_FIXED,
				 fd[piece[i].part], (off_t) piece[i].offset) == MAP_FAILED)
			cannot_map(m->files);
	rs_graph_stitch(&m->graph, m->range);
}

/* Map what m->files names; entry and files are given back by the caller if not. */
static RsMapResult
map_files(RsGraphMapping *m, const char *stamps, const RsGraphIdentity *expected, const char **problem)
{
	const char *at = m->files;
	char		name[RS_GRAPH_FILE_NAME],
				stamp[RS_GRAPH_STAMP],
				found[RS_GRAPH_STAMP];
	int			fd[RS_FLOW_MAX_PARTS];
	RsMapResult result = RS_MAPPED;
	int			nparts = 0;

	while (result == RS_MAPPED && next_word(&at, name, sizeof(name)))
	{
		RsGraphIdentity identity = *expected;
		RsGraphPart *part = &m->graph.part[nparts];

		if (!rs_graph_file_number(name, &identity.file) || !next_word(&stamps, stamp, sizeof(stamp)))
		{
			*problem = "Its name in the catalog is not one of a flow-graph file.";
			result = RS_MAP_DAMAGED;
			break;
		}
		result = rs_graph_file_open(name, &fd[nparts], &m->file[nparts].size, found, problem);
		if (result != RS_MAPPED)
			break;
		m->file[nparts].base = mmap(NULL, m->file[nparts].size, PROT_READ, MAP_SHARED, fd[nparts], 0);
		if (m->file[nparts].base == MAP_FAILED)
		{
			m->file[nparts].base = NULL;
			cannot_map(name);
		}
		if (!rs_graph_part_attach(part, m->file[nparts].base, m->file[nparts].size, &identity, problem) ||
			(strcmp(stamp, found) != 0 && !rs_graph_part_verify(part, problem)))
			result = RS_MAP_DAMAGED;
		nparts++;
	}
	if (result == RS_MAPPED && !rs_graph_assemble(&m->graph, nparts, problem))
		result = RS_MAP_DAMAGED;
	if (result == RS_MAPPED && nparts > 1)
		map_range(m, fd);
	for (int i = 0; i < nparts; i++)
		CloseTransientFile(fd[i]);
	return result;
}

/* Types may have been dropped since. */
static bool
types_fit(const RsGraphHeader *h)
{
	return rs_id_type_fits(&h->account) && rs_id_type_fits(&h->txn) &&
		(!(h->columns & (1u << RS_GC_CURRENCY)) || rs_id_type_fits(&h->currency));
}

/* The entry that has the files mapped already, if they are what is expected; -1: none. */
static pg_noinline int
mapped_entry(const char *files, const RsGraphIdentity *expected)
{
	for (int i = 0; i < nmappings; i++)
	{
		RsGraphMapping *m = &mappings[i];

		if (m->nfiles == 0 || strcmp(m->files, files) != 0 || (m->nfiles > 1 && m->pins > 0))
			continue;
		if (memcmp(&m->graph.part[0].header->identity, expected, sizeof(*expected)) == 0 && types_fit(m->graph.part[0].header))
			return i;
		if (m->pins == 0)
			release(m);
	}
	return -1;
}

RsMapResult
rs_graph_map(const char *files, const char *stamps, const RsGraphIdentity *expected,
			 MemoryContext owner, RsGraphMapping **mapping, const char **problem)
{
	RsGraphMapping *m;
	RsGraphIdentity identity = *expected;
	RsMapResult result;
	char		name[RS_GRAPH_FILE_NAME];
	const char *at = files;
	int			nfiles = 0,
				entry;

	while (next_word(&at, name, sizeof(name)))
		nfiles++;
	if (nfiles < 1 || nfiles > RS_FLOW_MAX_PARTS || strlen(files) >= sizeof(m->files))
	{
		*problem = "Its name in the catalog is not one of a flow-graph file.";
		return RS_MAP_DAMAGED;
	}
	rs_graph_watch_transactions(unmap_vanished);
	at = files;
	(void) next_word(&at, name, sizeof(name));
	if (!rs_graph_file_number(name, &identity.file))
		identity.file = 0;
	entry = mapped_entry(files, &identity);
	if (entry >= 0)
		return pin(entry, owner, mapping);
	entry = free_entry();
	m = &mappings[entry];
	m->nfiles = nfiles;
	strlcpy(m->files, files, sizeof(m->files));
	PG_TRY();
	{
		m->context = AllocSetContextCreate(TopMemoryContext, "risk_screen flow graph", ALLOCSET_SMALL_SIZES);
		result = map_files(m, stamps, expected, problem);
		if (result == RS_MAPPED && !types_fit(m->graph.part[0].header))
		{
			*problem = "The type of its identifiers is not there any more.";
			result = RS_MAP_DAMAGED;
		}
		if (result == RS_MAPPED)
		{
			const RsGraphHeader *h = m->graph.part[0].header;

			rs_id_type_init(&m->account, h->account.type, InvalidOid, "payer", m->context);
			rs_id_type_init(&m->txn, h->txn.type, InvalidOid, "txn_id", m->context);
			for (int i = 0; i < m->graph.nparts; i++)
			{
				m->graph.part[i].account.type = m->account.key;
				m->graph.part[i].txn.type = m->txn.key;
			}
			if (h->columns & (1u << RS_GC_CURRENCY))
			{
				rs_id_type_init(&m->currency, h->currency.type, InvalidOid, "currency", m->context);
				for (int i = 0; i < m->graph.nparts; i++)
					m->graph.part[i].currency.type = m->currency.key;
			}
		}
		else
			release(m);
	}
	PG_CATCH();
	{
		release(&mappings[entry]);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return result == RS_MAPPED ? pin(entry, owner, mapping) : result;
}
