/*
 * src/graph_store.c
 *	  Files of kept graphs: where they live, come from and go to.
 *
 * Files lie in DATADIR/pg_risk_screen/<database oid>/, named by a random number
 * and the transaction that wrote them. A file is made durable before the row
 * that names it commits, and is never changed. Its life follows that row:
 *
 *	 rollback		the writer deletes it at the end of the (sub)transaction;
 *	 replace, drop	deleted after commit; backends that have it mapped keep it;
 *	 crash			an unnamed file stays until the next create or refresh in
 *					any database sweeps the directory: a file whose writer no
 *					longer runs and that no row names is nobody's; so is the
 *					directory of a database that no longer exists.
 */
#include "pg_compat.h"

#include <sys/stat.h>
#include <unistd.h>

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "graph_store.h"
#include "rs_memory.h"

#define STORE_DIRECTORY "pg_risk_screen"

/* A file to delete at the end of the transaction. */
typedef struct Pending
{
	struct Pending *next;
	char		name[RS_GRAPH_FILE_NAME];
	bool		at_commit;
	int			nest_level;
} Pending;

static Pending *pending = NULL;

/* Who maps files: flow graphs, ownership graphs. */
static void (*watcher[2]) (void);
static int	nwatchers = 0;

void
rs_graph_file_path(char *path, const char *name)
{
	snprintf(path, MAXPGPATH, "%s/%u/%s", STORE_DIRECTORY, MyDatabaseId, name);
}

/* ---------- the end of a transaction ---------- */

static void
delete_file(const char *name)
{
	char		path[MAXPGPATH];

	rs_graph_file_path(path, name);
	if (unlink(path) != 0 && errno != ENOENT)
		ereport(WARNING,
				(errcode_for_file_access(),
				 errmsg("could not remove graph file \"%s\": %m", path)));
}

static void
transaction_ends(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_PREPARE:
			if (pending)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that has created, refreshed or dropped a graph")));
			return;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
			break;
		default:
			return;
	}
	while (pending)
	{
		Pending    *p = pending;

		pending = p->next;
		if (p->at_commit == (event == XACT_EVENT_COMMIT))
			delete_file(p->name);
		pfree(p);
	}
	for (int i = 0; i < nwatchers; i++)
		watcher[i] ();
}

static void
subtransaction_ends(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB)
		return;
	for (Pending **at = &pending; *at != NULL;)
	{
		Pending    *p = *at;

		if (p->nest_level >= level)
		{
			if (event == SUBXACT_EVENT_ABORT_SUB)
			{
				*at = p->next;
				if (!p->at_commit)
					delete_file(p->name);
				pfree(p);
				continue;
			}
			p->nest_level = level - 1;
		}
		at = &p->next;
	}
}

void
rs_graph_watch_transactions(void (*ended) (void))
{
	static bool registered = false;
	bool		known = ended == NULL;

	for (int i = 0; i < nwatchers; i++)
		known |= watcher[i] == ended;
	if (!known)
	{
		Assert(nwatchers < lengthof(watcher));
		watcher[nwatchers++] = ended;
	}
	if (registered)
		return;
	RegisterXactCallback(transaction_ends, NULL);
	RegisterSubXactCallback(subtransaction_ends, NULL);
	registered = true;
}

static void
note_pending(const char *name, bool at_commit)
{
	Pending    *p;

	rs_graph_watch_transactions(NULL);
	/* Files come and go at commit: it must not be lost in a crash afterwards. */
	ForceSyncCommit();
	p = MemoryContextAlloc(TopMemoryContext, sizeof(Pending));
	strlcpy(p->name, name, sizeof(p->name));
	p->at_commit = at_commit;
	p->nest_level = GetCurrentTransactionNestLevel();
	p->next = pending;
	pending = p;
}

void
rs_graph_file_drop(const char *name)
{
	uint64		file;

	if (rs_graph_file_number(name, &file))
		note_pending(name, true);
}

/* ---------- names ---------- */

static bool
parse_name(const char *name, uint64 *file, uint64 *xid)
{
	char	   *end;

	if (strlen(name) != RS_GRAPH_FILE_NAME - 1 || name[16] != '-' ||
		strspn(name, "0123456789abcdef") != 16 || strspn(name + 17, "0123456789abcdef") != 16)
		return false;
	*file = strtoull(name, &end, 16);
	*xid = strtoull(name + 17, &end, 16);
	return true;
}

bool
rs_graph_file_number(const char *name, uint64 *file)
{
	uint64		xid;

	return parse_name(name, file, &xid);
}

void
rs_graph_identity(RsGraphIdentity *identity)
{
	memset(identity, 0, sizeof(*identity));
	identity->system = GetSystemIdentifier();
	identity->database = MyDatabaseId;
	identity->server = PG_VERSION_NUM / 10000;
}

static void
make_stamp(char stamp[RS_GRAPH_STAMP], const struct stat *st)
{
	snprintf(stamp, RS_GRAPH_STAMP, "%llu:%llu:%lld.%09ld:%lld.%09ld",
			 (unsigned long long) st->st_ino, (unsigned long long) st->st_size,
			 (long long) st->st_mtim.tv_sec, (long) st->st_mtim.tv_nsec,
			 (long long) st->st_ctim.tv_sec, (long) st->st_ctim.tv_nsec);
}

/* ---------- reading ---------- */

RsMapResult
rs_graph_file_open(const char *name, int *fd, uint64 *size, char stamp[RS_GRAPH_STAMP], const char **problem)
{
	char		path[MAXPGPATH];
	struct stat st;

	rs_graph_file_path(path, name);
	*fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	if (*fd < 0)
	{
		if (errno == ENOENT)
			return RS_MAP_MISSING;
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open graph file \"%s\": %m", path)));
	}
	if (fstat(*fd, &st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat graph file \"%s\": %m", path)));
	if (!S_ISREG(st.st_mode) || st.st_size < RS_GRAPH_ALIGN)
	{
		CloseTransientFile(*fd);
		*problem = "It is truncated.";
		return RS_MAP_DAMAGED;
	}
	*size = (uint64) st.st_size;
	make_stamp(stamp, &st);
	return RS_MAPPED;
}

/* ---------- writing ---------- */

static void
write_fully(RsGraphOutput *output, const void *data, Size length, uint64 offset)
{
	const char *at = data;

	CHECK_FOR_INTERRUPTS();
	while (length > 0)
	{
		ssize_t		n;

		errno = 0;
		pgstat_report_wait_start(PG_WAIT_EXTENSION);
		n = pg_pwrite(output->fd, at, length, (off_t) offset);
		pgstat_report_wait_end();
		if (n <= 0)
		{
			if (n < 0 && errno == EINTR)
				continue;
			if (errno == 0)
				errno = ENOSPC;
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not write graph file \"%s\": %m", output->path)));
		}
		at += n;
		offset += n;
		length -= n;
	}
}

static void
output_write(void *arg, const void *data, Size length, uint64 offset)
{
	write_fully(arg, data, length, offset);
}

static void
output_spill_write(void *arg, const void *data, Size length, uint64 offset)
{
	RsGraphOutput *output = arg;
	int			n;

	if (output->spill == 0)
		output->spill = OpenTemporaryFile(false);
	errno = 0;
	n = FileWrite(output->spill, unconstify(void *, data), length, (off_t) offset, PG_WAIT_EXTENSION);
	if (n != (int) length)
	{
		if (errno == 0)
			errno = ENOSPC;
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not write temporary file for building a graph: %m")));
	}
}

static void
output_spill_read(void *arg, void *data, Size length, uint64 offset)
{
	RsGraphOutput *output = arg;

	if (FileRead(output->spill, data, length, (off_t) offset, PG_WAIT_EXTENSION) != (int) length)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read temporary file for building a graph: %m")));
}

static void
output_duplicate(void *arg, const RsKey *txn)
{
	RsGraphOutput *output = arg;

	ereport(ERROR,
			(errcode(ERRCODE_UNIQUE_VIOLATION),
			 errmsg("column \"txn_id\" of the transfers query occurs twice"),
			 errdetail("In the row with txn_id %s.", TextDatumGetCString(rs_id_text(output->txn, txn))),
			 errhint("Mend or filter the rows in the query, or pass bad_rows => 'skip' to leave them out with a warning that counts them.")));
}

static void
make_directory(const char *path)
{
	if (MakePGDirectory(path) == 0)
		fsync_fname(STORE_DIRECTORY, true);
	else if (errno != EEXIST)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create directory \"%s\": %m", path)));
}

RsGraphOutput *
rs_graph_output_create(RsIdType *txn)
{
	RsGraphOutput *output = palloc0(sizeof(RsGraphOutput));
	char		directory[MAXPGPATH];

	output->txn = txn;
	output->host.arg = output;
	output->host.write = output_write;
	output->host.spill_write = output_spill_write;
	output->host.spill_read = output_spill_read;
	output->host.duplicate_txn = output_duplicate;
	if (!pg_strong_random(&output->file, sizeof(output->file)))
		elog(ERROR, "could not generate a random file name");
	snprintf(output->name, sizeof(output->name), "%016llx-%016llx",
			 (unsigned long long) output->file, (unsigned long long) U64FromFullTransactionId(GetTopFullTransactionId()));

	make_directory(STORE_DIRECTORY);
	snprintf(directory, sizeof(directory), "%s/%u", STORE_DIRECTORY, MyDatabaseId);
	make_directory(directory);
	rs_graph_file_path(output->path, output->name);
	note_pending(output->name, false);
	output->fd = OpenTransientFile(output->path, O_RDWR | O_CREAT | O_EXCL | PG_BINARY);
	if (output->fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create graph file \"%s\": %m", output->path)));
	return output;
}

void
rs_graph_output_finish(RsGraphOutput *output, char stamp[RS_GRAPH_STAMP])
{
	struct stat st;
	char		directory[MAXPGPATH];

	if (output->spill)
		FileClose(output->spill);
	if (pg_fsync(output->fd) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not fsync graph file \"%s\": %m", output->path)));
	if (fstat(output->fd, &st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat graph file \"%s\": %m", output->path)));
	make_stamp(stamp, &st);
	if (CloseTransientFile(output->fd) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not close graph file \"%s\": %m", output->path)));
	snprintf(directory, sizeof(directory), "%s/%u", STORE_DIRECTORY, MyDatabaseId);
	fsync_fname(directory, true);
}

void
rs_graph_output_discard(RsGraphOutput *output)
{
	delete_file(output->name);
	for (Pending **at = &pending; *at != NULL; at = &(*at)->next)
		if (strcmp((*at)->name, output->name) == 0)
		{
			Pending    *p = *at;

			*at = p->next;
			pfree(p);
			break;
		}
}

void
rs_graph_output_abandon(RsGraphOutput *output)
{
	if (output->spill)
		FileClose(output->spill);
	CloseTransientFile(output->fd);
	rs_graph_output_discard(output);
}

/* ---------- sweeping ---------- */

static void
remove_directory(const char *path)
{
	DIR		   *dir = AllocateDir(path);
	struct dirent *de;

	while ((de = ReadDirExtended(dir, path, LOG)) != NULL)
	{
		char		file[MAXPGPATH * 2];

		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, de->d_name);
		unlink(file);
	}
	FreeDir(dir);
	rmdir(path);
}

void
rs_graph_store_sweep(char **(*used) (int *count))
{
	char		directory[MAXPGPATH];
	DIR		   *dir;
	struct dirent *de;
	List	   *candidates = NIL;
	ListCell   *lc;
	char	  **names;
	int			nnames;

	/* directories of databases that are gone */
	dir = AllocateDir(STORE_DIRECTORY);
	while ((de = ReadDirExtended(dir, STORE_DIRECTORY, LOG)) != NULL)
	{
		char	   *end;
		unsigned long oid = strtoul(de->d_name, &end, 10);

		if (*end != '\0' || end == de->d_name || oid == 0 || oid > OID_MAX ||
			SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum((Oid) oid)))
			continue;
		snprintf(directory, sizeof(directory), "%s/%lu", STORE_DIRECTORY, oid);
		remove_directory(directory);
	}
	FreeDir(dir);

	/* First who still runs, then what is named: who ended in between is named. */
	snprintf(directory, sizeof(directory), "%s/%u", STORE_DIRECTORY, MyDatabaseId);
	dir = AllocateDir(directory);
	while ((de = ReadDirExtended(dir, directory, LOG)) != NULL)
	{
		uint64		file,
					xid;

		if (!parse_name(de->d_name, &file, &xid))
			continue;
		/* Ours are known below; after a crash another file may have our number. */
		if (xid != U64FromFullTransactionId(GetTopFullTransactionId()) &&
			xid < U64FromFullTransactionId(ReadNextFullTransactionId()) &&
			TransactionIdIsInProgress((TransactionId) xid))
			continue;
		candidates = lappend(candidates, pstrdup(de->d_name));
	}
	FreeDir(dir);
	if (candidates == NIL)
		return;
	names = used(&nnames);
	foreach(lc, candidates)
	{
		const char *name = lfirst(lc);
		bool		keep = false;

		for (int i = 0; i < nnames && !keep; i++)
			keep = strcmp(names[i], name) == 0;
		for (Pending *p = pending; p && !keep; p = p->next)
			keep = strcmp(p->name, name) == 0;
		if (!keep)
			delete_file(name);
	}
}
